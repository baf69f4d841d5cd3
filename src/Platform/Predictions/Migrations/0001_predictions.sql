-- The endpoints that have a log. The row stays when the endpoint goes: its log does too.
create table prediction_endpoint (
    id {{identity}},
    workspace_id bigint not null,
    name text not null,
    clock text not null,
    lateness_ms bigint not null,
    created_at bigint not null,
    unique (workspace_id, name)
);
-- How far the log has been taken into the tables below; written in one transaction with them and with the folds' states.
create table prediction_log (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    position bigint not null,
    high_at bigint not null,
    predictions bigint not null,
    labels bigint not null,
    primary key (workspace_id, endpoint_id)
);
create table prediction_fold (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    fold text not null,
    position bigint not null,
    state bytea,
    primary key (workspace_id, endpoint_id, fold)
);
-- Where each prediction lies in the log: segment (its first sequence number), byte offset and length of the line.
create table prediction (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    id text not null,
    seq bigint not null,
    at bigint not null,
    role text not null,
    model text not null,
    model_version bigint not null,
    score double precision,
    prediction text not null,
    error text,
    segment bigint not null,
    line_offset bigint not null,
    line_length bigint not null,
    primary key (workspace_id, endpoint_id, id)
);
create index prediction_at on prediction (workspace_id, endpoint_id, at, seq);
-- Labels by version; "newest" marks the one in force. log_seq is null until the label stands in the log.
create table prediction_label (
    label_seq {{identity}},
    workspace_id bigint not null,
    endpoint_id bigint not null,
    prediction_id text not null,
    version bigint not null,
    newest bigint not null,
    value text not null,
    at bigint not null,
    recorded_at bigint not null,
    log_seq bigint,
    unique (workspace_id, endpoint_id, prediction_id, version)
);
create index prediction_label_open on prediction_label (endpoint_id, label_seq) where log_seq is null;
create table prediction_quarantine (
    id text not null primary key,
    workspace_id bigint not null,
    endpoint_id bigint not null,
    from_at bigint not null,
    until_at bigint,
    reason text not null,
    incident_id text,
    created_at bigint not null,
    released_at bigint,
    release_reason text,
    unique (workspace_id, endpoint_id, incident_id)
);
