using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Paths and sources that broke other servers. Each line names what it stands for.</summary>
public sealed class PathTests
{
    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("..")]
    [InlineData("/etc/passwd")] // CVE-2023-1177
    [InlineData("//proc/self/root/etc/passwd")] // CVE-2023-6977
    [InlineData("a//b")]
    [InlineData("..\\..\\x")] // CVE-2023-2780
    [InlineData("C:\\x")]
    [InlineData("C:/x")] // CVE-2023-6018
    [InlineData("file:///etc/passwd")]
    [InlineData("FILE:/etc/passwd")]
    [InlineData("%2e%2e%2fx")] // CVE-2023-6831
    [InlineData("..%2f..%2fx")]
    [InlineData("%252e%252e%252fx")] // CVE-2023-6909
    [InlineData("a/%2e%2e/%2e%2e/x")]
    [InlineData("..;/x")] // CVE-2024-1593
    [InlineData("..;a/../x")]
    [InlineData("a#/../../x")] // CVE-2024-2928
    [InlineData("a%23/../x")]
    [InlineData("%2fetc/passwd")]
    [InlineData("%5c%5chost/share")]
    [InlineData("..%5c..%5cx")]
    [InlineData("a/..%5cx")]
    [InlineData("a#b")]
    [InlineData("a\0b")]
    [InlineData("a%00b")]
    [InlineData("a\nb")]
    [InlineData("%2525252525252525252525252525252e%2e/x")]
    public void Unsafe_paths_are_refused(string path) =>
        Assert.Equal("Invalid path", Assert.Throws<HoldfastException>(() => ArtifactPath.Check(path)).Message);

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("a/b.txt", "a/b.txt")]
    [InlineData("a/", "a")]
    [InlineData("./a/./b", "a/b")]
    [InlineData("...", "...")]
    [InlineData("a b+c/ü..x/100%.bin", "a b+c/ü..x/100%.bin")]
    [InlineData("model;v=1/x", "model;v=1/x")]
    [InlineData("images/dogs%step%23%timestamp%1795582171365%E6c74517.png", "images/dogs%step%23%timestamp%1795582171365%E6c74517.png")] // log_image of MLflow's client
    [InlineData("a%0a%2fb%5cc", "a%0a%2fb%5cc")]
    public void Plain_paths_are_kept(string? path, string expected) => Assert.Equal(expected, ArtifactPath.Check(path));

    [Theory]
    [InlineData("mlflow-artifacts://host:9000/models/../../../")]
    [InlineData("http://host:9000/models/../../../")]
    [InlineData("s3a://my_bucket/api/../../../")]
    [InlineData("mlflow-artifacts://host:9000/models/..%2f..%2fartifacts")]
    [InlineData("mlflow-artifacts://host:9000/models/artifact%00")]
    [InlineData("dbfs:/x/artifacts/a%3f/../../../../")]
    [InlineData("s3://bucket/a%253f/%252e%252e/b")] // CVE-2025-11201
    [InlineData("/etc")]
    [InlineData("file:///etc")]
    [InlineData("file://localhost/etc")]
    [InlineData("file://remote.host/share")] // CVE-2024-3573
    public void Sources_that_could_open_something_else_are_refused(string source) =>
        Assert.Equal(ErrorCode.InvalidArgument, Assert.Throws<HoldfastException>(() => ModelSource.Check(source, null)).Code);

    [Theory]
    [InlineData("mlflow-artifacts:/models", null)]
    [InlineData("mlflow-artifacts:/models///", null)]
    [InlineData("mlflow-artifacts:/models/foo///bar", null)]
    [InlineData("mlflow-artifacts://host:9000/models/artifact/..../", null)]
    [InlineData("s3://bucket/path/model", null)]
    [InlineData("models:/m-123", null)]
    [InlineData("file:///data/1/r/artifacts/model", "file:///data/1/r/artifacts")]
    [InlineData("/data/1/r/artifacts/model/..", "/data/1/r/artifacts")]
    public void Plain_sources_are_accepted(string source, string? runArtifacts) => ModelSource.Check(source, runArtifacts);

    [Theory]
    [InlineData("/data/1/r/artifacts/../../x")]
    [InlineData("/data/1/r/artifacts2")]
    [InlineData("/tmp")]
    public void A_local_source_must_lie_below_its_runs_artifacts(string source) =>
        Assert.Contains("To use a local path as a model version source", Assert.Throws<HoldfastException>(() => ModelSource.Check(source, "/data/1/r/artifacts")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("m", true)]
    [InlineData("a/b.c-d e:f_g", true)]
    [InlineData("größe", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("../x", false)]
    [InlineData("/x", false)]
    [InlineData("a//b", false)]
    [InlineData("a/./b", false)]
    [InlineData("a/", false)]
    [InlineData("a<b", false)]
    [InlineData("a\n", false)]
    public void Keys_must_be_their_own_path(string key, bool allowed)
    {
        if (allowed)
            KeyRules.Key(key, "key");
        else
            Assert.Throws<HoldfastException>(() => KeyRules.Key(key, "key"));
    }
}
