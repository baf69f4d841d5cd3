using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Data;

namespace Holdfast.Commands.Capture;

/// <summary>The data that a command reads, as far as its words, <c>--data</c> and the repository's DVC files say.</summary>
internal static partial class DataCapture
{
    private const int MostDvcFiles = 200;

    public static async Task<IReadOnlyList<CapturedData>> Take(IReadOnlyList<string> files, string folder, Transport api, CancellationToken ct)
    {
        var data = new List<CapturedData>();
        foreach (var path in files)
        {
            try
            {
                await using var content = new FileStream(Path.Combine(folder, path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 20, useAsync: true);
                var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct));
                data.Add(new CapturedData(path, hash, content.Length, await Version(api, hash, ct)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The command will say itself that it cannot read its data.
            }
        }

        foreach (var file in ((await Tool.Ask("git", ["ls-files", "-z", "--", "*.dvc"], folder)) ?? "").Split('\0', StringSplitOptions.RemoveEmptyEntries).Take(MostDvcFiles))
        {
            var text = await File.ReadAllTextAsync(Path.Combine(folder, file), ct);
            if (Md5().Match(text) is { Success: true } md5)
                data.Add(new CapturedData(file[..^".dvc".Length], md5.Groups["md5"].Value, Size().Match(text) is { Success: true } size ? long.Parse(size.Groups["size"].Value, System.Globalization.CultureInfo.InvariantCulture) : 0, null));
        }

        return data;
    }

    private static async Task<string?> Version(Transport api, string hash, CancellationToken ct)
    {
        try
        {
            return (await api.Find<DatasetVersion>($"/api/v1/dataset-versions/{hash}", ct))?.Ref;
        }
        catch (HoldfastException)
        {
            // Without the server the content's hash says as much.
            return null;
        }
    }

    [GeneratedRegex(@"(?m)^\s*-?\s*md5:\s*(?<md5>[0-9a-f]{32}(\.dir)?)\s*$")]
    private static partial Regex Md5();

    [GeneratedRegex(@"(?m)^\s*size:\s*(?<size>\d+)\s*$")]
    private static partial Regex Size();
}
