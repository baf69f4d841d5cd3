using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary>What <c>holdfast login</c> keeps (0600, in the user's configuration folder): tokens by server, and which one is meant by default.</summary>
internal sealed record Credentials(string? DefaultServer, Dictionary<string, string> Tokens)
{
    private static string File => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
        "holdfast",
        "credentials.json");

    public static Credentials Load()
    {
        try
        {
            return System.IO.File.Exists(File)
                ? JsonSerializer.Deserialize<Credentials>(System.IO.File.ReadAllText(File), HoldfastJson.Options) ?? new(null, [])
                : new(null, []);
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"{File} is not readable: {e.Message}", "Delete it and log in again.", e);
        }
    }

    public void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(File, options);
        writer.Write(JsonSerializer.Serialize(this, HoldfastJson.Indented));
    }
}
