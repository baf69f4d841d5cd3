namespace Holdfast.Commands.Capture;

/// <summary>
/// What a run was made of: the artifact <c>holdfast/capture.json</c>. Together with <c>holdfast/code.diff</c> and
/// <c>holdfast/requirements.txt</c> it is what a later run needs to be the same one. Fields are added, never changed.
/// </summary>
/// <param name="Version">1.</param>
/// <param name="Command">The words of the command line; values of secrets are replaced by <c>***</c>.</param>
/// <param name="Folder">Where it ran.</param>
/// <param name="Code">The code's version; null outside of git.</param>
/// <param name="Environment">What it ran in.</param>
/// <param name="Hardware">What it ran on.</param>
/// <param name="Data">The data that it named.</param>
/// <param name="Seed">The seed, where one was given.</param>
/// <param name="Variables">Environment variables that change what a training does.</param>
/// <param name="Rank">Its place among the processes of a distributed run.</param>
internal sealed record CaptureDocument(
    int Version, IReadOnlyList<string> Command, string Folder, CodeVersion? Code, RunEnvironment Environment, Hardware Hardware, IReadOnlyList<CapturedData> Data, string? Seed,
    IReadOnlyDictionary<string, string> Variables, Rank? Rank);

/// <param name="Folder">The working folder below the root of the repository; empty at the root.</param>
/// <param name="Remote">Without credentials.</param>
/// <param name="Dirty">Whether something was not committed.</param>
/// <param name="DiffBytes">Size of <c>holdfast/code.diff</c>, which <c>git apply</c> takes; 0 when there is none.</param>
/// <param name="Untracked">Files that git did not know and the diff holds.</param>
/// <param name="LeftOut">Files that were too large for it.</param>
internal sealed record CodeVersion(string Commit, string? Branch, string? Remote, string Folder, bool Dirty, long DiffBytes, IReadOnlyList<string> Untracked, IReadOnlyList<string> LeftOut);

/// <param name="Locks">SHA-256 of files that pin packages, by name.</param>
internal sealed record RunEnvironment(string Os, string Architecture, PythonEnvironment? Python, string? Dotnet, ContainerImage? Container, IReadOnlyDictionary<string, string> Locks);

/// <param name="Packages">Number of packages in <c>holdfast/requirements.txt</c>.</param>
internal sealed record PythonEnvironment(string Version, string Executable, string? Conda, int Packages);

/// <param name="Digest">The image's digest, where the container can know it.</param>
internal sealed record ContainerImage(string Engine, string? Id, string? Image, string? Digest);

internal sealed record Hardware(string Host, string? Cpu, int Processors, long MemoryMegabytes, IReadOnlyList<Gpu> Gpus);

internal sealed record Gpu(int Index, string Name, long MemoryMegabytes, string Driver);

/// <param name="Hash">SHA-256 of a file; MD5 of what DVC tracks.</param>
/// <param name="Version">The dataset version of that content, where the server has it.</param>
internal sealed record CapturedData(string Path, string Hash, long Bytes, string? Version);

/// <summary>A process among those of a distributed run.</summary>
/// <param name="Group">What they have in common, such as the job's number.</param>
internal sealed record Rank(string Group, int Index, int Size, int? Local, string? Node);
