create table trace (
    trace_key {{identity}},
    workspace_id bigint not null,
    trace_id text not null,
    experiment_id bigint not null,
    client_request_id text,
    requested_at bigint not null,
    duration_ms bigint,
    state text not null,
    request_preview text,
    response_preview text
);
create unique index trace_public on trace (workspace_id, trace_id);
create index trace_newest on trace (workspace_id, experiment_id, requested_at);
create table trace_tag (
    workspace_id bigint not null,
    trace_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, trace_key, key)
);
create table trace_metadata (
    workspace_id bigint not null,
    trace_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, trace_key, key)
);
create table trace_run (
    workspace_id bigint not null,
    trace_key bigint not null,
    run_id text not null,
    primary key (workspace_id, trace_key, run_id)
);
create table trace_assessment (
    workspace_id bigint not null,
    trace_key bigint not null,
    assessment_id text not null,
    name text not null,
    span_id text,
    source_type text not null,
    source_id text not null,
    feedback text,
    expectation text,
    rationale text,
    metadata text not null,
    overrides text,
    valid bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (workspace_id, trace_key, assessment_id)
);
