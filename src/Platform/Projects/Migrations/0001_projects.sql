create table project (
    id {{identity}},
    workspace_id bigint not null,
    name text not null,
    snapshot text not null,
    git_commit text,
    source text not null,
    applied_at bigint not null,
    unique (workspace_id, name)
);
create table project_resource (
    id {{identity}},
    workspace_id bigint not null,
    project text not null,
    kind text not null,
    name text not null,
    spec_json text not null,
    unique (workspace_id, project, kind, name)
);
