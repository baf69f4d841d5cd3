using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Commands.Capture;

/// <summary>What a command runs in: interpreter and packages, .NET, container, files that pin versions.</summary>
internal static partial class EnvironmentCapture
{
    private const string AskPython =
        """
        import json, sys, importlib.metadata as m
        names = {}
        for d in m.distributions():
            n = d.metadata['Name']
            if n: names.setdefault(n, d.version)
        print(json.dumps({'version': sys.version.split()[0], 'executable': sys.executable, 'packages': [f'{n}=={v}' for n, v in sorted(names.items(), key=lambda x: x[0].lower())]}))
        """;

    private static readonly string[] _locks =
    [
        "requirements.txt", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "environment.yml", "conda-lock.yml", "packages.lock.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock",
        "Cargo.lock", "go.sum", "renv.lock", "Manifest.toml", "global.json", "Dockerfile", "dvc.lock", "params.yaml",
    ];

    private static readonly string[] _variables =
    [
        "CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "PL_GLOBAL_SEED",
        "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS", "HOLDFAST_SEED", "SEED", "LANG", "TZ",
    ];

    /// <summary>The environment, and the Python packages as lines of a requirements file.</summary>
    public static async Task<(RunEnvironment Environment, IReadOnlyList<string> Packages)> Take(IReadOnlyList<string> command, string folder)
    {
        var python = await Python(command, folder);
        var dotnet = Tool.Find(OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet") is { } path ? (await Tool.Ask(path, ["--version"], folder))?.Trim() : null;
        var environment = new RunEnvironment(RuntimeInformation.OSDescription, RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(), python?.Environment, dotnet, Container(), Locks(folder));
        return (environment, python?.Packages ?? []);
    }

    /// <summary>The variables that change what a training does.</summary>
    public static Dictionary<string, string> Variables() =>
        _variables.Select(name => (name, Value: Environment.GetEnvironmentVariable(name))).Where(v => v.Value is not null).ToDictionary(v => v.name, v => v.Value!);

    // The interpreter of the command itself, else the one on the path: it is what a script's first line finds.
    private static async Task<(PythonEnvironment Environment, IReadOnlyList<string> Packages)?> Python(IReadOnlyList<string> command, string folder)
    {
        var program = Interpreter().IsMatch(Path.GetFileName(command[0])) ? command[0] : Tool.Find("python3") ?? Tool.Find("python");
        if (program is null || await Tool.Ask(program, ["-c", AskPython], folder) is not { } answer)
            return null;
        using var document = JsonDocument.Parse(answer);
        var packages = document.RootElement.GetProperty("packages").EnumerateArray().Select(x => x.GetString()!).ToList();
        return (new PythonEnvironment(document.RootElement.GetProperty("version").GetString()!, document.RootElement.GetProperty("executable").GetString()!, Environment.GetEnvironmentVariable("CONDA_DEFAULT_ENV"), packages.Count), packages);
    }

    // A container does not know its image's digest by itself: Podman tells it, Apptainer the image's file, others where the job's author passes it in.
    private static ContainerImage? Container()
    {
        var digest = First("HOLDFAST_IMAGE_DIGEST", "IMAGE_DIGEST", "CONTAINER_IMAGE_DIGEST");
        var image = First("HOLDFAST_IMAGE", "CONTAINER_IMAGE", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER");
        if (digest is null && image?.Split('@') is [_, var pinned] && pinned.StartsWith("sha256:", StringComparison.Ordinal))
            digest = pinned;
        if (Read("/run/.containerenv") is { } podman)
            return new ContainerImage("podman", Field(podman, "id"), Field(podman, "image") ?? image, Field(podman, "imageid") is { Length: > 0 } id ? "sha256:" + id : digest);
        var cgroup = Read("/proc/self/mountinfo") ?? "";
        var own = ContainerId().Match(cgroup) is { Success: true } match ? match.Groups["id"].Value : null;
        if (First("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER") is not null)
            return new ContainerImage("apptainer", null, image, digest);
        if (Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is not null)
            return new ContainerImage("kubernetes", own ?? Environment.MachineName, image, digest);
        return File.Exists("/.dockerenv") || own is not null || digest is not null ? new ContainerImage("docker", own, image, digest) : null;
    }

    private static Dictionary<string, string> Locks(string folder)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in _locks.Where(n => File.Exists(Path.Combine(folder, n))))
        {
            using var content = File.OpenRead(Path.Combine(folder, name));
            found[name] = Convert.ToHexStringLower(SHA256.HashData(content));
        }

        return found;
    }

    private static string? First(params string[] names) => names.Select(Environment.GetEnvironmentVariable).FirstOrDefault(v => !string.IsNullOrEmpty(v));

    private static string? Field(string text, string name) => Regex.Match(text, $"(?m)^{name}=\"([^\"]*)\"") is { Success: true } match ? match.Groups[1].Value : null;

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^(python|pypy)[0-9.]*(\.exe)?$")]
    private static partial Regex Interpreter();

    [GeneratedRegex(@"/(?:docker/containers|containerd/[^ ]*|libpod-?)/(?<id>[0-9a-f]{64})")]
    private static partial Regex ContainerId();
}
