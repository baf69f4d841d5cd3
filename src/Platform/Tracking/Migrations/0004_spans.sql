create table trace_span (
    workspace_id bigint not null,
    trace_key bigint not null,
    span_id text not null,
    parent_id text,
    name text not null,
    type text not null,
    status text not null,
    message text,
    start_ns bigint not null,
    end_ns bigint,
    attributes text not null,
    events text not null,
    primary key (workspace_id, trace_key, span_id)
);
create index trace_span_name on trace_span (workspace_id, name);
