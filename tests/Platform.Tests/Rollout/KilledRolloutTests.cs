using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Holdfast.Demo;
using Holdfast.Demo.Worlds;
using Holdfast.Kernel;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>A rollout whose server is killed, in every step and at any line, comes to the same verdict as one that is left alone.</summary>
public sealed class KilledRolloutTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_good_version_is_rolled_out_and_a_bad_one_rolled_back_whatever_dies_in_between()
    {
        foreach (var (version, end) in new[] { ("0", "rollout.completed"), ("1", "rollout.rolled_back") })
        {
            var calm = await Play(_folder.File("calm" + version), version, killAt: []);
            var killed = await Play(_folder.File("killed" + version), version, killAt: [1, 2, 3, 4, 5]);
            Assert.Equal(end, calm[^1].Kind);
            Assert.Equal(Told(calm), Told(killed));
        }
    }

    // The order of decisions, with what each rests on; ids and wall times are not compared.
    private static IEnumerable<string> Told(IEnumerable<JournalEvent> events) => events.Select(e => e.Kind switch
    {
        "rollout.step_entered" when e.DetailAs<RolloutStepEntered>() is { } d => $"{e.At:u} {d.Step} {d.Traffic} {d.Counts}",
        "rollout.completed" when e.DetailAs<RolloutCompleted>() is { } d => $"{e.At:u} completed {d.Counts}",
        "rollout.rolled_back" when e.DetailAs<RolloutRolledBack>() is { } d => $"{e.At:u} rolled back: {d.Reason} {d.Counts}",
        _ => e.Kind,
    });

    private static async Task<List<JournalEvent>> Play(string data, string answer, int[] killAt)
    {
        var port = ServerProcess.FreePort();
        var server = await ServerProcess.Start(data, Ct, port: port);
        using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = server.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = server.Http.DefaultRequestHeaders.Authorization;
        try
        {
            await Prepare(http, data + "-project", answer);
            var gateway = new Gateway(http, "scored", FraudWorld.Features);
            var traffic = new Traffic(new PlatformApi(http), gateway, "scored", Start, 120, TimeSpan.FromHours(1));
            var world = new FraudWorld(3);
            for (var hour = 1; hour <= 16; hour++)
            {
                await traffic.Hour(_ => world.Next(), Ct);
                if (!killAt.Contains(hour))
                    continue;
                await server.Kill();
                await server.DisposeAsync();
                server = await ServerProcess.Start(data, Ct, port: port);
            }

            Assert.Equal(gateway.Sent, gateway.Answered);
            return [.. (await new PlatformApi(http).Journal(0, Ct)).Where(e => e.Kind.StartsWith("rollout.", StringComparison.Ordinal) && e.Kind != "rollout.started")];
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    private static async Task Prepare(HttpClient http, string project, string answer)
    {
        Directory.CreateDirectory(project);
        await File.WriteAllTextAsync(
            Path.Combine(project, "holdfast.yaml"),
            """
            endpoints:
              scored:
                fallback: rules.yaml
                clock: event
                rollout:
                  steps:
                    - shadow:  {for: 3h, min_predictions: 100}
                    - canary:  {traffic: 20%, for: 2h}
                    - gradual: {traffic: [50%, 100%], for: 2h}
                  guard: {error_rate: no_worse, accuracy: no_worse, alpha: 0.01}
            """,
            Ct);
        await File.WriteAllTextAsync(Path.Combine(project, "rules.yaml"), "inputs:\n  amount: {type: number, default: 0}\nelse: {score: 0.1, prediction: \"0\"}\n", Ct);
        var api = new PlatformApi(http);
        await api.Post("projects", new { path = project }, Ct);
        using var package = new ByteArrayContent(Package(answer));
        package.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        (await http.PostAsync("/api/v1/models/constant/versions", package, Ct)).EnsureSuccessStatusCode();
        await api.Post("rollouts", new { endpoint = "scored", model = "constant", version = 1 }, Ct);
        // The first step is entered before the first request, so that both runs see the same ones.
        await api.Post("endpoints/scored/clock", new { to = Start, settle = true }, Ct);
    }

    /// <summary>A model that always says the same.</summary>
    private static byte[] Package(string answer)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            var inputs = FraudWorld.Features.Select(name => new { name, datatype = "FP64" });
            Add(zip, "holdfast-model.json", JsonSerializer.Serialize(new
            {
                format = 1,
                backend = "constant",
                file = "answer.json",
                task = "binary",
                signature = new { inputs, outputs = new[] { new { name = "score", datatype = "FP64" }, new { name = "prediction", datatype = "BYTES" } } },
            }));
            Add(zip, "answer.json", $$"""{"score": 0.5, "prediction": "{{answer}}"}""");
        }

        return bytes.ToArray();
    }

    private static void Add(ZipArchive zip, string name, string text)
    {
        using var stream = zip.CreateEntry(name).Open();
        stream.Write(Encoding.UTF8.GetBytes(text));
    }
}
