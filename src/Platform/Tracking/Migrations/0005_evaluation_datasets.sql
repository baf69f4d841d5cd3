create table evaluation_dataset (
    dataset_key {{identity}},
    workspace_id bigint not null,
    dataset_id text not null,
    name text not null,
    digest text not null,
    schema_json text,
    profile text,
    created_by text,
    updated_by text,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index evaluation_dataset_public on evaluation_dataset (workspace_id, dataset_id);
create table evaluation_dataset_tag (
    workspace_id bigint not null,
    dataset_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, dataset_key, key)
);
create table evaluation_dataset_experiment (
    workspace_id bigint not null,
    dataset_key bigint not null,
    experiment_id bigint not null,
    primary key (workspace_id, dataset_key, experiment_id)
);
create index evaluation_dataset_of_experiment on evaluation_dataset_experiment (workspace_id, experiment_id);
create table evaluation_record (
    record_key {{identity}},
    workspace_id bigint not null,
    dataset_key bigint not null,
    record_id text not null,
    input_hash text not null,
    inputs text not null,
    outputs text,
    expectations text,
    tags text,
    source text,
    created_by text,
    updated_by text,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index evaluation_record_inputs on evaluation_record (workspace_id, dataset_key, input_hash);
