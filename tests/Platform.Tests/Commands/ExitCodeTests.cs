using System.Net.Sockets;
using Holdfast.Commands;

namespace Holdfast.Platform.Tests.Commands;

/// <summary>The exit codes that the product promises, by running the commands.</summary>
[Collection("console")]
public sealed class ExitCodeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_codes_are_what_scripts_rely_on() =>
        Assert.Equal([0, 1, 2, 3, 4, 64, 130], [ExitCodes.Fine, ExitCodes.Failed, ExitCodes.Finding, ExitCodes.DataFault, ExitCodes.Undecided, ExitCodes.Usage, ExitCodes.Interrupted]);

    [Theory]
    [InlineData(64)]
    [InlineData(64, "nonsense")]
    [InlineData(64, "serve", "--nonsense")]
    [InlineData(64, "runs", "edit", "--nonsense")]
    [InlineData(64, "lineage", "--nonsense")]
    [InlineData(64, "run", "--param", "depth", "--", "true")]
    [InlineData(64, "runs", "fork", "x", "--param", "=6")]
    [InlineData(64, "drift", "only-one.csv")]
    [InlineData(64, "journal", "--limit", "many")]
    [InlineData(0, "--help")]
    [InlineData(0, "--version")]
    [InlineData(0, "rollout", "--help")]
    [InlineData(1, "drift", "absent.csv", "absent.csv")]
    [InlineData(1, "check", "absent.csv")]
    [InlineData(1, "serve", "--port", "99999")]
    [InlineData(1, "serve", "--urls", "http://0.0.0.0:0")]
    [InlineData(1, "serve", "--config", "absent.yaml")]
    [InlineData(1, "journal", "--server", "http://127.0.0.1:1")]
    [InlineData(1, "journal", "--server", "nonsense")]
    [InlineData(1, "login", "nonsense", "--token", "x")]
    public async Task Wrong_usage_is_64_and_failure_is_1(int expected, params string[] args) => Assert.Equal(expected, await Run(args));

    [Fact]
    public async Task Drift_tells_calm_a_change_a_fault_and_too_little()
    {
        var calm = Csv("calm.csv", 1000, (r, i) => Gauss(r), 1);
        var same = Csv("same.csv", 1000, (r, i) => Gauss(r), 2);
        var moved = Csv("moved.csv", 1000, (r, i) => (Gauss(r) * 0.6) + (i % 3 == 0 ? 3 : 0.4), 3);
        var doubled = Csv("doubled.csv", 1000, (r, i) => Gauss(r, 20) * 2, 4);
        var reference = Csv("reference.csv", 1000, (r, i) => Gauss(r, 20), 5);
        var few = Csv("few.csv", 20, (r, i) => Gauss(r), 6);
        Assert.Equal(ExitCodes.Fine, await Run("drift", calm, same));
        Assert.Equal(ExitCodes.Finding, await Run("drift", calm, moved));
        Assert.Equal(ExitCodes.DataFault, await Run("drift", reference, doubled));
        Assert.Equal(ExitCodes.Undecided, await Run("drift", calm, few));
    }

    [Fact]
    public async Task Check_tells_a_violation_from_a_broken_file()
    {
        var good = _folder.File("good.csv");
        File.WriteAllText(good, "a,b\n" + string.Join('\n', Enumerable.Range(0, 200).Select(i => $"{i % 10},x")));
        var schema = _folder.File("schema.json");
        File.WriteAllText(schema, """{"fields":[{"name":"a","type":"number","min":0,"max":9},{"name":"b","type":"text","categories":["x"]}]}""");
        var outside = _folder.File("outside.csv");
        File.WriteAllText(outside, "a,b\n99,x\n");
        var broken = _folder.File("broken.csv");
        File.WriteAllText(broken, "a\n1\n");
        Assert.Equal(ExitCodes.Fine, await Run("check", good, "--schema", schema));
        Assert.Equal(ExitCodes.Finding, await Run("check", outside, "--schema", schema));
        Assert.Equal(ExitCodes.DataFault, await Run("check", broken, "--schema", schema));
    }

    [Fact]
    public async Task A_command_without_a_server_brings_its_own_and_leaves_the_folder_free()
    {
        var file = _folder.File("rows.csv");
        File.WriteAllText(file, "a\n1\n2\n");
        var data = _folder.File("data");
        Assert.Equal(ExitCodes.Fine, await Run("data", "add", file, "--data", data));
        Assert.Equal(ExitCodes.Fine, await Run("data", "show", "rows", "--data", data));
        Assert.Equal(ExitCodes.Failed, await Run("data", "show", "absent", "--data", data));
        Assert.Null(Holdfast.Storage.DataFolder.RunningServer(data));
    }

    [Fact]
    public async Task A_tracked_command_that_fails_is_1_and_its_run_is_kept()
    {
        var data = _folder.File("data");
        Assert.Equal(ExitCodes.Failed, await Run("run", "--data", data, "--experiment", "e", "--", "sh", "-c", "exit 7"));
        Assert.Equal(ExitCodes.Fine, await Run("run", "--data", data, "--experiment", "e", "--", "sh", "-c", "echo fine"));
    }

    [Fact]
    public async Task A_port_in_use_is_1()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Equal(ExitCodes.Failed, await Run("serve", "--data", _folder.File("data"), "--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Null(Holdfast.Storage.DataFolder.RunningServer(_folder.File("data")));
    }

    public void Dispose() => _folder.Dispose();

    private static Task<int> Run(params string[] args) => Cli.Run(args, TestContext.Current.CancellationToken);

    private string Csv(string name, int rows, Func<Random, int, double> value, int seed)
    {
        var random = new Random(seed);
        var lines = Enumerable.Range(0, rows).Select(i => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value(random, i)},{Gauss(random)}"));
        var path = _folder.File(name);
        File.WriteAllText(path, "x,y\n" + string.Join('\n', lines) + "\n");
        return path;
    }

    private static double Gauss(Random random, double mean = 0) => mean + (Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
