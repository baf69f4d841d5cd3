using System.Text;
using Holdfast.Contracts;
using Holdfast.Storage.Blobs;

namespace Holdfast.Platform.Tests.Storage;

public sealed class FileBlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private FileBlobStore Store => new(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_put_is_read_listed_and_deleted()
    {
        await Store.Put("a/b c/x+ü.txt", new MemoryStream(Encoding.UTF8.GetBytes("hello")), Ct);
        await using (var stream = await Store.Open("a/b c/x+ü.txt", Ct))
            Assert.Equal("hello", await new StreamReader(stream!).ReadToEndAsync(Ct));
        Assert.Equal(["a/b c"], (await Store.List("a", Ct)).Select(b => b.Key));
        Assert.Equal(5, (await Store.Stat("a/b c/x+ü.txt", Ct))!.Size);
        Assert.True(await Store.Delete("a", Ct));
        Assert.False(await Store.Delete("a", Ct));
        Assert.Null(await Store.Open("a/b c/x+ü.txt", Ct));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData("a/./b")]
    [InlineData("a\\..\\b")]
    [InlineData("a\0b")]
    public async Task No_key_leaves_the_root(string key)
    {
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Store.Put(key, new MemoryStream([1]), Ct));
        Assert.Equal(ErrorCode.InvalidArgument, e.Code);
    }

    [Fact]
    public async Task A_put_that_fails_leaves_neither_object_nor_scraps()
    {
        await Assert.ThrowsAsync<IOException>(() => Store.Put("x", new BrokenStream(), Ct));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => throw new IOException("the sender went away");
    }
}
