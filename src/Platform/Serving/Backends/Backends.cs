using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>Opens model packages.</summary>
public static class Backends
{
    /// <summary>
    /// Loads what a package's manifest names, or says what is missing or broken. Native libraries are loaded by the first ONNX
    /// model, not before.
    /// </summary>
    public static IBackend Load(string packageFolder)
    {
        var package = ModelPackage.Read(packageFolder);
        var file = Path.Combine(packageFolder, package.File ?? "");
        return package.Backend switch
        {
            "onnx" => OnnxBackend.Load(file, package),
            "rules" => RulesBackend.Load(file),
            _ => ConstantBackend.Load(file, package),
        };
    }
}
