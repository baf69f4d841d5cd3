using System.Globalization;
using System.Text;
using Holdfast.Commands;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Commands;

/// <summary><c>holdfast predict</c>: a file through an endpoint, with the log that single requests have.</summary>
[Collection("console")]
public sealed class PredictCommandTests : IAsyncLifetime
{
    private const int Rows = 2_500;
    private readonly TemporaryFolder _folder = new();
    private TestHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await TestHost.Start();
        await _host.Service<ServingService>().ApplyEndpoint(
            Principal.Controller(1, "test"), new EndpointSpec("fraud", Key: "card", Fallback:
                """
                inputs:
                  amount: {type: number, default: 0}
                  country: {type: text, default: ""}
                rules:
                  - {when: "amount > 1000 and country == 'XX'", score: 0.9, prediction: "1"}
                else: {score: 0.1, prediction: "0"}
                """),
            null, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("out.csv")]
    [InlineData("out.parquet")]
    [InlineData("out.jsonl")]
    public async Task Every_row_of_a_file_is_answered_and_logged(string name)
    {
        var to = _folder.File(name);
        var run = await Predict(Data(), "--out", to, "--keep", "card", "--keep", "amount");
        Assert.True(run.Code == ExitCodes.Fine, run.Error);
        Assert.Contains("2,500 rows answered", run.Output, StringComparison.Ordinal);
        var table = TableReader.Read(to);
        Assert.Equal(["row", "prediction", "score", "prediction_id", "variant", "model_version", "error", "card", "amount"], table.Names);
        Assert.Equal(Enumerable.Range(1, Rows).Select(i => (double)i), table.Find("row")!.Numbers);
        Assert.Equal(Enumerable.Range(0, Rows).Select(i => i % 10 == 3 ? 0.9 : 0.1), table.Find("score")!.Numbers);
        Assert.Equal(["c,0", "c,1", "c,2"], table.Find("card")!.Texts.Take(3));
        var logged = await _host.Service<PredictionService>().Get(Principal.Controller(1, "test"), "fraud", table.Find("prediction_id")!.Texts[2_003]!, Ct);
        Assert.Equal(("primary", 0.9, true, 3003.0), (logged.Entry.Role, logged.Entry.Score, logged.Entry.HasKey, logged.Entry.Features.Single(f => f.Name == "amount").Number));
    }

    [Fact]
    public async Task An_interrupted_run_goes_on_where_it_ended()
    {
        var to = _folder.File("out.csv");
        Assert.Equal(ExitCodes.Fine, (await Predict(Data(), "--out", to)).Code);
        var whole = await File.ReadAllLinesAsync(to, Ct);
        // As a kill leaves it: 1,700 whole lines and a torn one.
        await File.WriteAllTextAsync(to + ".part", string.Join('\n', whole.Take(1_701)) + "\n1701,0,0.", Ct);
        var refused = await Predict(Data(), "--out", to);
        Assert.Equal(ExitCodes.Failed, refused.Code);
        Assert.Contains("--resume", refused.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Fine, (await Predict(Data(), "--out", to, "--resume")).Code);
        var resumed = await File.ReadAllLinesAsync(to, Ct);
        Assert.Equal(whole.Take(1_701), resumed.Take(1_701));
        Assert.Equal(Rows + 1, resumed.Length);
        Assert.Equal(Enumerable.Range(1, Rows), resumed.Skip(1).Select(l => int.Parse(l.Split(',')[0], CultureInfo.InvariantCulture)));
        Assert.Empty(whole.Skip(1_701).Intersect(resumed));
        Assert.False(File.Exists(to + ".part"));
    }

    [Fact]
    public async Task Rows_without_an_answer_are_told_in_the_output_and_by_the_exit_code()
    {
        var file = _folder.File("odd.jsonl");
        await File.WriteAllTextAsync(file, "{\"amount\":2000,\"country\":\"XX\"}\n{\"amount\":1,\"country\":\"XX\",\"event_time\":\"2099-01-01T00:00:00Z\"}\n", Ct);
        var run = await Predict(file);
        Assert.Equal(ExitCodes.Finding, run.Code);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("1,1,0.9,", lines[1], StringComparison.Ordinal);
        Assert.Contains("lies in the future", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("2,,,,,,", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody", "data.csv", "There is no endpoint 'nobody'")]
    [InlineData("fraud", "missing.csv", "There is no file")]
    public async Task What_is_not_there_is_said(string endpoint, string file, string message)
    {
        _ = Data();
        var run = await ConsoleRun.Of("predict", endpoint, _folder.File(file), "--server", _host.Url);
        Assert.Equal((ExitCodes.Failed, true), (run.Code, run.Error.Contains(message, StringComparison.Ordinal)));
    }

    private Task<ConsoleRun> Predict(string file, params string[] more) => ConsoleRun.Of(["predict", "fraud", file, "--server", _host.Url, .. more]);

    private string Data()
    {
        var text = new StringBuilder("card,amount,country\n");
        for (var i = 0; i < Rows; i++)
            text.Append(CultureInfo.InvariantCulture, $"\"c,{i}\",{(i % 10 == 3 ? 1_000 + i : i % 1_000)},{(i % 10 == 3 ? "XX" : "NO")}\n");
        var path = _folder.File("data.csv");
        File.WriteAllText(path, text.ToString());
        return path;
    }
}
