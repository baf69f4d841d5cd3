using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Loader = Holdfast.Serving.Backends.Backends;

namespace Holdfast.Platform.Tests.Serving.Backends;

public sealed class PackageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-package-").FullName;

    [Fact]
    public void A_written_manifest_reads_back_and_answers()
    {
        File.WriteAllText(Path.Combine(_folder, "constant.json"), """{"score": 0.25, "prediction": "0"}""");
        var package = new ModelPackage(1, "constant", "constant.json", "binary", new Signature([new SignatureField("x", "FP64", null, 3), new SignatureField("c", "BYTES", ["a", "b"])], [new SignatureField("score", "FP64")]), 0.4, "yes", "no");
        package.Write(_folder);
        Assert.Equivalent(package, ModelPackage.Read(_folder));
        using var backend = Loader.Load(_folder);
        var outcomes = new Outcome[3];
        backend.Predict(FeatureRows.For(package.Signature, 3), outcomes);
        Assert.All(outcomes, o => Assert.Equal(new Outcome(0.25, "0"), o));
    }

    [Fact]
    public void A_rules_package_takes_its_signature_from_the_rules()
    {
        File.WriteAllText(Path.Combine(_folder, "rules.yaml"), "inputs: {x: {type: number}}\nelse: {score: 0, prediction: '0'}");
        new ModelPackage(1, "rules", "rules.yaml", "binary", new Signature([], [])).Write(_folder);
        using var backend = Loader.Load(_folder);
        Assert.Equal("x", Assert.Single(backend.Info.Signature.Inputs).Name);
    }

    [Theory]
    [InlineData(null, "holdfast-model.json")]
    [InlineData("{", "line 1")]
    [InlineData("null", "empty")]
    [InlineData("""{"format":2,"backend":"torch","file":"../x","task":"dance","signature":{"inputs":[{"name":"a","datatype":"F"},{"name":"a","datatype":"FP64"}],"outputs":[]}}""", "format,backend,task,file,signature.inputs[0].datatype,signature.inputs[1].name")]
    [InlineData("""{"format":1,"backend":"onnx","file":"model.onnx","task":"binary"}""", "file,signature")]
    public void A_broken_manifest_is_refused_with_all_faults(string? json, string parts)
    {
        if (json is not null)
            File.WriteAllText(Path.Combine(_folder, ModelPackage.ManifestName), json);
        var fault = Assert.Throws<HoldfastException>(() => Loader.Load(_folder));
        var said = fault.Message + string.Concat(fault.Faults.Select(f => f.Field + f.Message));
        Assert.All(parts.Split(','), part => Assert.Contains(part, said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("onnx", "not a model")]
    [InlineData("onnx", "")]
    [InlineData("constant", "{}")]
    [InlineData("constant", "{")]
    [InlineData("rules", "[]")]
    public void A_corrupt_model_file_is_refused_by_name(string backend, string content)
    {
        File.WriteAllText(Path.Combine(_folder, "model.bin"), content);
        new ModelPackage(1, backend, "model.bin", "binary", new Signature([new SignatureField("x", "FP64")], [])).Write(_folder);
        Assert.Contains("model.bin", Assert.Throws<HoldfastException>(() => Loader.Load(_folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, true);
}
