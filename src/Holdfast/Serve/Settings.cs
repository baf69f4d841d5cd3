using System.Globalization;
using System.Net;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Serve;

/// <summary>One server setting: its name in server.yaml, from which flag and variable follow, its default and what it means.</summary>
/// <param name="Name">snake_case; the flag is <c>--kebab-case</c>, the variable <c>HOLDFAST_UPPER_CASE</c>.</param>
/// <param name="Default">As it would be written; empty = none.</param>
/// <param name="Secret">Never shown.</param>
public sealed record Setting(string Name, string Default, string Meaning, bool Secret = false)
{
    /// <summary>The flag.</summary>
    public string Flag => "--" + Name.Replace('_', '-');

    /// <summary>The environment variable.</summary>
    public string Variable => "HOLDFAST_" + Name.ToUpperInvariant();
}

/// <summary>A setting's value and where it came from: <c>flag</c>, the variable's name, the file's path or <c>default</c>.</summary>
public sealed record SettingValue(string Name, string Value, string Origin);

/// <summary>Server settings: flag &gt; HOLDFAST_* &gt; --config FILE or DATA/server.yaml &gt; default.</summary>
public static class Settings
{
    /// <summary>All settings, in the order in which they are shown.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("data", "", "Data folder; default: the user's data folder ($XDG_DATA_HOME/holdfast)."),
        new("port", "5080", "Port on loopback; 0 takes a free one. Ignored when urls is set."),
        new("urls", "", "Addresses to listen on, separated by ';', such as http://0.0.0.0:5080."),
        new("grpc_port", "", "Port for the Open Inference Protocol over gRPC, on the same hosts as the others; default: no gRPC."),
        new("invocations", "", "Endpoint that /invocations and /ping answer for; default: the only one of the workspace."),
        new("drain", "1s", "How long a stop goes on answering after readiness has failed, 0s to 30s; set it to the interval of your load balancer's probe."),
        new("auth", "off", "on: every request needs a token. Must be on beyond loopback."),
        new("allowed_hosts", "", "Further host names by which clients may address the server, separated by ','."),
        new("public_url", "", "Address by which people reach the server, for links in alerts; default: the one that it listens on."),
        new("artifact_root", "", "Artifact URI given to new experiments; default: mlflow-artifacts:/ (served here)."),
        new("artifacts_destination", "", "Folder or s3://BUCKET/PREFIX of the artifacts served here; default: artifacts below blobs."),
        new("blobs", "", "s3://BUCKET or s3://BUCKET/PREFIX for artifacts, datasets and models; default: the data folder."),
        new("s3_endpoint", "", "Address of an S3-compatible server, such as http://127.0.0.1:9000; default: AWS. Credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."),
        new("database", "", "PostgreSQL connection string; default: SQLite in the data folder.", Secret: true),
        new("log_format", "text", "text or json, on stderr."),
        new("log_level", "information", "trace, debug, information, warning, error or critical."),
    ];

    /// <summary>Resolves every setting.</summary>
    /// <param name="flags">By setting name; absent or null = not given.</param>
    /// <param name="configFile">The value of --config.</param>
    /// <param name="environment">Reads an environment variable.</param>
    public static IReadOnlyList<SettingValue> Resolve(IReadOnlyDictionary<string, string?> flags, string? configFile, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(flags);
        ArgumentNullException.ThrowIfNull(environment);
        var data = DataFolder.Locate(flags.GetValueOrDefault("data"));
        var file = configFile ?? Path.Combine(data, "server.yaml");
        var configured = ReadFile(file, required: configFile is not null);
        return [.. All.Select(setting => Resolve(setting, flags, environment, configured, file, data))];
    }

    /// <summary>Turns resolved settings into options; reports all faults at once.</summary>
    public static ServeOptions ToOptions(IReadOnlyList<SettingValue> values)
    {
        var by = values.ToDictionary(v => v.Name);
        var faults = new List<Fault>();
        var urls = Urls(by, faults);
        var options = new ServeOptions
        {
            Data = by["data"].Value,
            Urls = urls,
            GrpcUrls = Grpc(by["grpc_port"], urls, faults),
            Invocations = NullIfEmpty(by["invocations"].Value),
            Drain = Drain(by["drain"], faults),
            RequireToken = Word(by["auth"], faults, ("on", true), ("off", false), ("true", true), ("false", false)),
            AllowedHosts = Split(by["allowed_hosts"].Value, ','),
            PublicUrl = Address(by["public_url"], faults, "Write https://HOST."),
            ArtifactRoot = NullIfEmpty(by["artifact_root"].Value),
            ArtifactsDestination = NullIfEmpty(by["artifacts_destination"].Value),
            Blobs = Bucket(by["blobs"], required: true, faults),
            S3Endpoint = Address(by["s3_endpoint"], faults, "Write http://HOST:PORT or https://HOST."),
            Database = NullIfEmpty(by["database"].Value),
            LogFormat = Word(by["log_format"], faults, ("text", LogFormat.Text), ("json", LogFormat.Json)),
            LogLevel = Word(
                by["log_level"], faults, ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("information", LogLevel.Information),
                ("warning", LogLevel.Warning), ("error", LogLevel.Error), ("critical", LogLevel.Critical)),
        };
        _ = Bucket(by["artifacts_destination"], required: false, faults);
        if (!options.RequireToken && urls.FirstOrDefault(u => !IsLoopback(u)) is { } open)
        {
            faults.Add(new Fault(
                "auth", $"{open} can be reached from other machines, and auth is off",
                "Switch it on (--auth on): the first admin token is then printed once. Or listen on 127.0.0.1."));
        }

        return faults.Count == 0 ? options : throw new HoldfastException("The server settings are not valid.", faults);
    }

    /// <summary>Whether an address can only be reached from this machine.</summary>
    public static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip)));

    private static SettingValue Resolve(
        Setting setting, IReadOnlyDictionary<string, string?> flags, Func<string, string?> environment, Dictionary<string, string> configured, string file, string data)
    {
        if (setting.Name == "data")
            return new("data", data, flags.GetValueOrDefault("data") is not null ? "flag" : environment(setting.Variable) is { Length: > 0 } ? setting.Variable : "default");
        if (flags.GetValueOrDefault(setting.Name) is { } flag)
            return new(setting.Name, flag, "flag");
        if (environment(setting.Variable) is { Length: > 0 } variable)
            return new(setting.Name, variable, setting.Variable);
        return configured.TryGetValue(setting.Name, out var value)
            ? new(setting.Name, value, file)
            : new(setting.Name, setting.Default, "default");
    }

    private static Dictionary<string, string> ReadFile(string file, bool required)
    {
        if (!File.Exists(file))
        {
            return required
                ? throw new HoldfastException(ErrorCode.InvalidArgument, $"The settings file {file} does not exist.", "Check --config.")
                : [];
        }

        var yaml = new YamlStream();
        try
        {
            using var reader = File.OpenText(file);
            yaml.Load(reader);
        }
        catch (YamlException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{file}, line {e.Start.Line}, column {e.Start.Column}: {e.Message}", "Mend the YAML.", e);
        }

        if (yaml.Documents.Count == 0)
            return [];
        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{file} is not a mapping of settings.", "Write lines such as 'port: 5080'.");
        var values = new Dictionary<string, string>();
        var faults = new List<Fault>();
        foreach (var (key, value) in root.Children)
        {
            var name = key.ToString();
            if (All.All(s => s.Name != name) || name == "data")
                faults.Add(new Fault(name, $"{file}, line {key.Start.Line}, column {key.Start.Column}: unknown setting '{name}'", $"Did you mean '{Nearest(name)}'?"));
            else if (value is YamlSequenceNode list)
                values[name] = string.Join(name == "urls" ? ';' : ',', list.Children.Select(c => c.ToString()));
            else
                values[name] = value.ToString();
        }

        return faults.Count == 0 ? values : throw new HoldfastException($"The settings file {file} is not valid.", faults);
    }

    private static string[] Urls(Dictionary<string, SettingValue> by, List<Fault> faults)
    {
        if (by["urls"].Value is { Length: > 0 } list)
        {
            var urls = Split(list, ';');
            foreach (var url in urls)
            {
                if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/")
                    faults.Add(new Fault("urls", $"'{url}' is not an address to listen on (from {by["urls"].Origin})", "Write http://HOST:PORT, several separated by ';'. For https, put a proxy in front."));
            }

            return urls;
        }

        if (int.TryParse(by["port"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535)
            return [$"http://127.0.0.1:{port}"];
        faults.Add(new Fault("port", $"'{by["port"].Value}' is not a port (from {by["port"].Origin})", "Use a number from 0 to 65535."));
        return [];
    }

    private static string[] Grpc(SettingValue value, IReadOnlyList<string> urls, List<Fault> faults)
    {
        if (value.Value.Length == 0)
            return [];
        if (int.TryParse(value.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535 && urls.All(u => Uri.TryCreate(u, UriKind.Absolute, out var uri) && uri.Port != port))
            return [.. urls.Select(u => new UriBuilder(u) { Port = port }.Uri.GetLeftPart(UriPartial.Authority)).Distinct()];
        faults.Add(new Fault("grpc_port", $"'{value.Value}' is not a port for gRPC (from {value.Origin})", "Use a number from 1 to 65535 that is not the port of HTTP, such as 5081."));
        return [];
    }

    private static TimeSpan Drain(SettingValue value, List<Fault> faults)
    {
        if (Term.TryParse(value.Value, out var term) && term >= TimeSpan.Zero && term <= TimeSpan.FromSeconds(30))
            return term;
        faults.Add(new Fault("drain", $"'{value.Value}' is not a time to drain (from {value.Origin})", "Write 0s to 30s, such as 5s."));
        return TimeSpan.Zero;
    }

    private static string? Address(SettingValue value, List<Fault> faults, string remedy)
    {
        if (value.Value.Length > 0 && !(Uri.TryCreate(value.Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            faults.Add(new Fault(value.Name, $"'{value.Value}' is not an address (from {value.Origin})", remedy));
        return NullIfEmpty(value.Value);
    }

    private static S3Address? Bucket(SettingValue value, bool required, List<Fault> faults)
    {
        if (value.Value.Length == 0 || (!required && !S3Address.Is(value.Value)))
            return null;
        try
        {
            return S3Address.Parse(value.Value);
        }
        catch (HoldfastException e)
        {
            faults.Add(new Fault(value.Name, $"{e.Message.TrimEnd('.')} (from {value.Origin})", e.Hint));
            return null;
        }
    }

    private static T Word<T>(SettingValue value, List<Fault> faults, params ReadOnlySpan<(string Word, T Meaning)> words)
    {
        foreach (var (word, meaning) in words)
        {
            if (word.Equals(value.Value, StringComparison.OrdinalIgnoreCase))
                return meaning;
        }

        var known = new List<string>();
        foreach (var (word, _) in words)
            known.Add(word);
        faults.Add(new Fault(value.Name, $"'{value.Value}' is not a value of {value.Name} (from {value.Origin})", $"Use {string.Join(", ", known)}."));
        return words[0].Meaning;
    }

    private static string[] Split(string text, char separator) =>
        text.Split(separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static string Nearest(string name) => All.Where(s => s.Name != "data").MinBy(s => Distance(s.Name, name))!.Name;

    // Levenshtein, one row.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
