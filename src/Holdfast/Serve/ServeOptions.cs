using Holdfast.Storage.Blobs;

namespace Holdfast.Serve;

/// <summary>How log lines look on stderr.</summary>
public enum LogFormat
{
    /// <summary>One line for people.</summary>
    Text,

    /// <summary>One JSON document a line.</summary>
    Json,
}

/// <summary>Everything a server is started with, resolved and validated.</summary>
public sealed record ServeOptions
{
    /// <summary>The port that <c>serve</c> listens on when none is named.</summary>
    public const int DefaultPort = 5080;

    /// <summary>The data folder.</summary>
    public required string Data { get; init; }

    /// <summary>Where to listen, as <c>http://HOST:PORT</c>; port 0 takes a free one.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [$"http://127.0.0.1:{DefaultPort}"];

    /// <summary>Where to listen for gRPC (HTTP/2 without TLS); empty = nowhere.</summary>
    public IReadOnlyList<string> GrpcUrls { get; init; } = [];

    /// <summary>The endpoint that <c>/invocations</c> answers for; null = the only one of the workspace.</summary>
    public string? Invocations { get; init; }

    /// <summary>How long a stop goes on answering after readiness has failed, so that a load balancer sees it; 0 to 30 s.</summary>
    public TimeSpan Drain { get; init; }

    /// <summary>Whether requests need a token; must be on beyond loopback.</summary>
    public bool RequireToken { get; init; }

    /// <summary>Host names under which the server may be addressed, beside localhost, its addresses and the machine's name.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The address by which people reach the server, for links in alerts; null = the one that it listens on.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>The artifact URI that new experiments get; null = <c>mlflow-artifacts:/</c>, served by this server.</summary>
    public string? ArtifactRoot { get; init; }

    /// <summary>Where artifacts, datasets and models lie in S3; null = the data folder.</summary>
    public S3Address? Blobs { get; init; }

    /// <summary>An S3-compatible server; null = AWS.</summary>
    public string? S3Endpoint { get; init; }

    /// <summary>The folder or <c>s3://</c> address that holds the artifacts this server serves; null = <c>artifacts</c> below <see cref="Blobs"/> or the data folder.</summary>
    public string? ArtifactsDestination { get; init; }

    /// <summary>A PostgreSQL connection string; null = the SQLite file of the data folder.</summary>
    public string? Database { get; init; }

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>The least level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>The system clock; only tests pass another.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Options of a server that lives inside another command: loopback, a free port, quiet.</summary>
    public static ServeOptions Embedded(string data) => new() { Data = data, Urls = ["http://127.0.0.1:0"], LogLevel = LogLevel.Warning };
}
