create table model_version_comment (
    comment_key {{identity}},
    workspace_id bigint not null,
    version_key bigint not null,
    comment_id text not null,
    author text not null,
    body text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index model_version_comment_public on model_version_comment (workspace_id, comment_id);
create index model_version_comment_order on model_version_comment (workspace_id, version_key, comment_key);
-- What people wrote of a version; what is known of it is added when the card is read.
create table model_version_card (
    workspace_id bigint not null,
    version_key bigint not null,
    body text not null,
    author text not null,
    updated_at bigint not null,
    primary key (workspace_id, version_key)
);
