using Holdfast.Contracts;
using Holdfast.Serve;

namespace Holdfast.Platform.Tests.Serve;

public sealed class SettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_flag_beats_the_variable_beats_the_file_beats_the_default()
    {
        File.WriteAllText(_folder.File("server.yaml"), "port: 1001\nlog_format: json\nauth: on\n");
        var values = Resolve(new() { ["port"] = "1003" }, new() { ["HOLDFAST_PORT"] = "1002", ["HOLDFAST_LOG_FORMAT"] = "text" });
        Assert.Equal(new SettingValue("port", "1003", "flag"), values["port"]);
        Assert.Equal(new SettingValue("log_format", "text", "HOLDFAST_LOG_FORMAT"), values["log_format"]);
        Assert.Equal(new SettingValue("auth", "on", _folder.File("server.yaml")), values["auth"]);
        Assert.Equal("default", values["log_level"].Origin);
    }

    [Fact]
    public void An_unknown_key_is_named_with_its_place_and_the_nearest_known_one()
    {
        File.WriteAllText(_folder.File("server.yaml"), "port: 1\nlog_fromat: json\n");
        var e = Assert.Throws<HoldfastException>(() => Resolve([], []));
        var fault = Assert.Single(e.Faults);
        Assert.Contains("line 2, column 1", fault.Message, StringComparison.Ordinal);
        Assert.Contains("log_format", fault.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_reported_at_once()
    {
        var e = Assert.Throws<HoldfastException>(() => Settings.ToOptions([.. Resolve(new() { ["port"] = "x", ["log_format"] = "y", ["auth"] = "z" }, []).Values]));
        Assert.Equal(["port", "auth", "log_format"], e.Faults.Select(f => f.Field).Distinct());
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", true)]
    [InlineData("http://localhost:1", true)]
    [InlineData("http://[::1]:1", true)]
    [InlineData("http://0.0.0.0:1", false)]
    [InlineData("http://[::]:1", false)]
    [InlineData("http://192.168.1.5:1", false)]
    [InlineData("http://localhost.example.org:1", false)]
    public void Beyond_loopback_nothing_starts_without_authentication(string url, bool loopback)
    {
        List<SettingValue> values = [.. Resolve(new() { ["urls"] = url }, []).Values];
        if (loopback)
            Assert.Equal([url], Settings.ToOptions(values).Urls);
        else
            Assert.Contains("auth", Assert.Throws<HoldfastException>(() => Settings.ToOptions(values)).Faults.Select(f => f.Field));
        Assert.True(Settings.ToOptions([.. Resolve(new() { ["urls"] = url, ["auth"] = "on" }, []).Values]).RequireToken);
    }

    public void Dispose() => _folder.Dispose();

    private Dictionary<string, SettingValue> Resolve(Dictionary<string, string?> flags, Dictionary<string, string> environment)
    {
        flags["data"] = _folder.Path;
        return Settings.Resolve(flags, null, environment.GetValueOrDefault).ToDictionary(v => v.Name);
    }
}
