using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Holdfast.Pipelines;

/// <summary>What a stage sees of the world: an allow-list of the executing process's variables, never its secrets.</summary>
public static class StageEnvironment
{
    private static readonly string[] Allowed =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "LD_LIBRARY_PATH", "DOTNET_ROOT", "DOTNET_CLI_HOME", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT",
        "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "JAVA_HOME", "R_HOME", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "XDG_CACHE_HOME", "HF_HOME",
    ];

    /// <summary>The variables that stages inherit.</summary>
    /// <param name="pass">Further names that the pipeline declares.</param>
    public static Dictionary<string, string> Inherited(IReadOnlyList<string>? pass)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            if (Allowed.Contains(name) || name.StartsWith("LC_", StringComparison.Ordinal) || pass?.Contains(name) == true)
                variables[name] = (string)entry.Value!;
        }

        // Output is followed while it is written, so it must not wait in a buffer.
        variables["PYTHONUNBUFFERED"] = "1";
        return variables;
    }

    /// <summary>What the machine is, as tags of a run.</summary>
    public static IReadOnlyDictionary<string, string> Describe() => new Dictionary<string, string>
    {
        ["holdfast.env.os"] = RuntimeInformation.OSDescription,
        ["holdfast.env.architecture"] = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
        ["holdfast.env.cpus"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["holdfast.env.memory_mb"] = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20).ToString(CultureInfo.InvariantCulture),
        ["holdfast.env.runtime"] = RuntimeInformation.FrameworkDescription,
        ["holdfast.env.host"] = Environment.MachineName,
    };

    /// <summary>This program, for stages that call it.</summary>
    public static string Executable()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "holdfast.exe" : "holdfast");
        return File.Exists(beside) ? beside : Environment.ProcessPath ?? "holdfast";
    }
}
