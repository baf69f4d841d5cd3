-- Who a prediction was about, as a hash of the sticky key: for labels that name the key, and for deletion.
alter table prediction add column entity bigint;
create index prediction_entity on prediction (workspace_id, endpoint_id, entity, at) where entity is not null;
-- Segments that lie in Parquet: read there, wherever the index says that a line lies in the segment.
create table prediction_compacted (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    segment bigint not null,
    last_seq bigint not null,
    primary key (workspace_id, endpoint_id, segment)
);
-- Their files, one for each hour of event time; hour is its beginning.
create table prediction_part (
    id {{identity}},
    workspace_id bigint not null,
    endpoint_id bigint not null,
    segment bigint not null,
    hour bigint not null,
    blob_key text not null,
    line_count bigint not null,
    prediction_count bigint not null,
    label_count bigint not null,
    bytes bigint not null,
    columns text not null,
    unique (workspace_id, endpoint_id, segment, hour)
);
-- Files that nothing refers to any more and that are still to be removed.
create table prediction_trash (
    blob_key text not null primary key
);
-- Requests to delete what is known of one entity; the row forgets the hash when all is done.
create table prediction_deletion (
    id {{identity}},
    workspace_id bigint not null,
    endpoint_id bigint not null,
    entity bigint,
    actor text not null,
    requested_at bigint not null,
    finished_at bigint,
    predictions bigint not null,
    labels bigint not null
);
-- Labels by key and time that have not found their prediction: waiting, or ambiguous.
create table prediction_open_label (
    id {{identity}},
    workspace_id bigint not null,
    endpoint_id bigint not null,
    entity bigint not null,
    time bigint not null,
    tolerance_ms bigint not null,
    value text not null,
    at bigint,
    state text not null,
    recorded_at bigint not null,
    unique (workspace_id, endpoint_id, entity, time)
);
create table prediction_settings (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    hash_secret bytea not null,
    rules text,
    primary key (workspace_id, endpoint_id)
);
