using System.IO.Compression;
using Holdfast.Contracts;
using Holdfast.Storage.Blobs;

namespace Holdfast.Platform.Tests.Projects;

public sealed class FolderArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Packing_depends_on_content_alone_and_unpacks_the_same()
    {
        var source = _folder.File("source");
        Directory.CreateDirectory(Path.Combine(source, "sub/.git"));
        await File.WriteAllTextAsync(Path.Combine(source, "sub/run.sh"), "#!/bin/sh\n", Ct);
        await File.WriteAllTextAsync(Path.Combine(source, "sub/.git/x"), "no", Ct);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(source, "sub/run.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var one = await Pack(source);
        File.SetLastWriteTimeUtc(Path.Combine(source, "sub/run.sh"), DateTime.UnixEpoch.AddYears(40));
        Assert.Equal(one, await Pack(source));
        await FolderArchive.Unpack(new MemoryStream(one), _folder.File("target"), Ct);
        Assert.Equal(["sub/run.sh"], FolderArchive.Files(_folder.File("target")));
        if (!OperatingSystem.IsWindows())
            Assert.True((File.GetUnixFileMode(_folder.File("target/sub/run.sh")) & UnixFileMode.UserExecute) != 0);
    }

    [Theory]
    [InlineData("../evil", 0)]
    [InlineData("a/../../evil", 0)]
    [InlineData("/etc/evil", 0)]
    [InlineData("a\\..\\evil", 0)]
    [InlineData("C:evil", 0)]
    [InlineData("link", 0xA1FF << 16)]
    public async Task An_archive_that_means_harm_is_refused(string entry, int attributes)
    {
        using var zip = new MemoryStream();
        await using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            var made = archive.CreateEntry(entry);
            made.ExternalAttributes = attributes;
            await using var content = await made.OpenAsync(Ct);
            await content.WriteAsync("/etc"u8.ToArray(), Ct);
        }

        zip.Position = 0;
        var e = await Assert.ThrowsAsync<HoldfastException>(() => FolderArchive.Unpack(zip, _folder.File("target/deep"), Ct));
        Assert.Equal(ErrorCode.InvalidArgument, e.Code);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_is_no_archive_is_said()
    {
        var e = await Assert.ThrowsAsync<HoldfastException>(() => FolderArchive.Unpack(new MemoryStream("hello"u8.ToArray()), _folder.File("t"), Ct));
        Assert.Contains("not a readable zip", e.Message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> Pack(string folder)
    {
        using var zip = new MemoryStream();
        await FolderArchive.Pack(folder, zip, p => p.EndsWith(".git/", StringComparison.Ordinal), Ct);
        return zip.ToArray();
    }
}
