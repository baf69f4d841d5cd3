create table monitor (
    workspace_id bigint not null,
    endpoint text not null,
    spec text not null,
    managed_by text,
    updated_at bigint not null,
    primary key (workspace_id, endpoint)
);
create table monitor_state (
    workspace_id bigint not null,
    endpoint text not null,
    state text not null,
    primary key (workspace_id, endpoint)
);
create table monitor_window (
    workspace_id bigint not null,
    endpoint text not null,
    starts_at bigint not null,
    ends_at bigint not null,
    content bytea not null,
    primary key (workspace_id, endpoint, starts_at)
);
create table drift_report (
    workspace_id bigint not null,
    endpoint text not null,
    term text not null,
    ends_at bigint not null,
    model_version bigint not null,
    severity text not null,
    verdict text not null,
    report text not null,
    primary key (workspace_id, endpoint, term, ends_at, model_version)
);
create table incident (
    workspace_id bigint not null,
    id text not null,
    endpoint text not null,
    status text not null,
    opened_at bigint not null,
    detail text not null,
    primary key (workspace_id, id)
);
create index incident_endpoint on incident (workspace_id, endpoint, status);
