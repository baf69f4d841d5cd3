create table dataset (
    id {{identity}},
    workspace_id bigint not null,
    name text not null,
    created_at bigint not null,
    unique (workspace_id, name)
);
create table dataset_version (
    id {{identity}},
    workspace_id bigint not null,
    dataset_id bigint not null references dataset (id),
    version bigint not null,
    hash text not null,
    row_count bigint not null,
    column_count bigint not null,
    bytes bigint not null,
    file_name text not null,
    source text not null,
    created_at bigint not null,
    schema_json text not null,
    profile_json text not null,
    unique (workspace_id, dataset_id, version),
    unique (workspace_id, dataset_id, hash)
);
create index dataset_version_hash on dataset_version (workspace_id, hash);
