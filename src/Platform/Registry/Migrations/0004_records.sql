-- What a version was made with and how, as it was when it was registered: a JSON document.
create table model_version_record (
    workspace_id bigint not null,
    version_key bigint not null,
    body text not null,
    primary key (workspace_id, version_key)
);
