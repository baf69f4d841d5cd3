using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>Tells a server one line.</summary>
internal static class RunWriter
{
    /// <summary>Whether the server will never take it, however often it is told.</summary>
    public static bool Refuses(HoldfastException e) => e.Code is ErrorCode.InvalidArgument or ErrorCode.TooLarge;

    /// <exception cref="HoldfastException">The server refused, or cannot be reached.</exception>
    public static Task Tell(Transport transport, string runId, SpoolLine line, string folder, CancellationToken ct)
    {
        var run = $"/api/v1/runs/{Query.Part(runId)}";
        return line.Op switch
        {
            "start" => Start(transport, line.Start!, ct),
            "resume" => transport.Post(run + "/resume", null, ct),
            "batch" => transport.Post(run + "/batch", line.Batch, ct),
            "inputs" => transport.Post(run + "/inputs", line.Inputs, ct),
            "console" => transport.Post(run + "/console", line.Console, ct),
            "file" => Upload(transport, run, line, folder, ct),
            "end" => transport.Put(HttpMethod.Patch, run, new RunChange(Status: line.End!.Status, EndTime: line.End.At), ct),
            _ => throw new HoldfastException(ErrorCode.InvalidArgument, $"The spool holds '{line.Op}', which this version does not know.", "Sync with the version that wrote it, or a newer one."),
        };
    }

    private static async Task Start(Transport transport, SpoolStart start, CancellationToken ct)
    {
        try
        {
            await transport.Post("/api/v1/runs", start.Run, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            try
            {
                await transport.Post("/api/v1/experiments", new NewExperiment(start.Experiment), ct);
            }
            catch (HoldfastException taken) when (taken.Code == ErrorCode.AlreadyExists)
            {
                // Another run made it in between.
            }

            await transport.Post("/api/v1/runs", start.Run, ct);
        }
    }

    private static async Task Upload(Transport transport, string run, SpoolLine line, string folder, CancellationToken ct)
    {
        FileStream content;
        try
        {
            content = new FileStream(Path.Combine(folder, line.File!), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The file {line.File} for the artifact {line.Path} cannot be read: {e.Message}", null, e);
        }

        await using (content)
            await transport.Upload(HttpMethod.Put, $"{run}/artifacts/{string.Join('/', line.Path!.Split('/').Select(Query.Part))}", content, ct: ct);
    }
}
