create table registered_model (
    model_key {{identity}},
    workspace_id bigint not null,
    name text not null,
    description text,
    next_version bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index registered_model_name on registered_model (workspace_id, name);
create table registered_model_tag (
    workspace_id bigint not null,
    model_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, model_key, key)
);
create table registered_model_alias (
    workspace_id bigint not null,
    model_key bigint not null,
    alias text not null,
    version bigint not null,
    primary key (workspace_id, model_key, alias)
);
create table model_version (
    version_key {{identity}},
    workspace_id bigint not null,
    model_key bigint not null,
    version bigint not null,
    source text not null,
    storage_uri text not null,
    run_id text,
    run_link text,
    logged_model_id text,
    dataset_version text,
    pipeline_run text,
    signature text,
    status text not null,
    stage text not null,
    description text,
    user_name text not null,
    package_key text not null,
    idempotency_key text,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index model_version_number on model_version (workspace_id, model_key, version);
create unique index model_version_once on model_version (workspace_id, idempotency_key);
create index model_version_run on model_version (workspace_id, run_id);
create table model_version_tag (
    workspace_id bigint not null,
    version_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, version_key, key)
);
