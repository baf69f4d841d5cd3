using System.Text;
using Holdfast.Contracts;
using Holdfast.Storage.Blobs;

namespace Holdfast.Platform.Tests.Storage;

/// <summary>What every blob store does.</summary>
public sealed class BlobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private static async Task<string?> Read(IBlobStore store, string key)
    {
        await using var stream = await store.Open(key, Ct);
        return stream is null ? null : await new StreamReader(stream).ReadToEndAsync(Ct);
    }

    [Theory, MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]
    public async Task What_is_put_is_read_listed_and_deleted(string on)
    {
        var store = await TestBlobs.Open(on, _folder.Path);
        Assert.Equal(5, await store.Put("a/b c/x+ü.txt", Bytes("hello"), Ct));
        await store.Put("a/z.txt", Bytes(""), Ct);
        Assert.Equal("hello", await Read(store, "a/b c/x+ü.txt"));
        Assert.Equal("", await Read(store, "a/z.txt"));
        Assert.Equal([new BlobInfo("a/b c", 0, IsFolder: true), new BlobInfo("a/z.txt", 0)], await store.List("a", Ct));
        Assert.Equal(["a"], (await store.List("", Ct)).Select(b => b.Key));
        Assert.Empty(await store.List("none", Ct));
        Assert.Equal(new BlobInfo("a/b c/x+ü.txt", 5), await store.Stat("a/b c/x+ü.txt", Ct));
        Assert.True((await store.Stat("a/b c", Ct))!.IsFolder);
        Assert.Null(await store.Stat("a/b", Ct));
        Assert.True(await store.Delete("a", Ct));
        Assert.False(await store.Delete("a", Ct));
        Assert.Null(await store.Open("a/b c/x+ü.txt", Ct));
        Assert.Null(await store.LocalPath("a", Ct));
    }

    [Theory, MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]
    public async Task A_put_replaces_what_was_there(string on)
    {
        var store = await TestBlobs.Open(on, _folder.Path);
        await store.Put("x/one", Bytes("old"), Ct);
        Assert.Equal("old", await Read(store, "x/one"));
        await store.Put("x/one", Bytes("new"), Ct);
        Assert.Equal("new", await Read(store, "x/one"));
        Assert.Equal("new", await File.ReadAllTextAsync((await store.LocalPath("x/one", Ct))!, Ct));
    }

    [Theory, MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]
    public async Task Engines_get_files_and_folders(string on)
    {
        var store = await TestBlobs.Open(on, _folder.Path);
        await store.Put("m/model.onnx", Bytes("net"), Ct);
        await store.Put("m/sub/meta", Bytes("1"), Ct);
        var folder = (await store.LocalPath("m", Ct))!;
        Assert.Equal(["model.onnx", "sub/meta"], Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order());
        await store.Put("m/sub/meta", Bytes("2"), Ct);
        Assert.Equal("2", await File.ReadAllTextAsync(Path.Combine((await store.LocalPath("m", Ct))!, "sub/meta"), Ct));
    }

    // More than one page of a listing, and an object of several parts whose length nobody knows before.
    [Theory, MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]
    public async Task Many_and_large_objects_come_back_whole(string on)
    {
        var store = await TestBlobs.Open(on, _folder.Path);
        await Parallel.ForAsync(0, 1100, Ct, async (i, ct) => await store.Put($"many/{i:D4}", Bytes("x"), ct));
        Assert.Equal(Enumerable.Range(0, 1100).Select(i => $"many/{i:D4}"), (await store.List("many", Ct)).Select(b => b.Key));
        Assert.True(await store.Delete("many", Ct));
        Assert.Empty(await store.List("many", Ct));
        var content = new byte[20 << 20];
        new Random(1).NextBytes(content);
        await store.Put("large", new Unseekable(content), Ct);
        await using var stream = (await store.Open("large", Ct))!;
        Assert.True(stream.CanSeek);
        var back = new MemoryStream();
        await stream.CopyToAsync(back, Ct);
        Assert.True(content.AsSpan().SequenceEqual(back.ToArray()));
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
        foreach (var store in new IBlobStore[] { new FileBlobStore(_folder.Path), new S3BlobStore(S3Address.Parse("s3://bucket"), _folder.Path, "http://127.0.0.1:1") })
        {
            var e = await Assert.ThrowsAsync<HoldfastException>(() => store.Put(key, new MemoryStream([1]), Ct));
            Assert.Equal(ErrorCode.InvalidArgument, e.Code);
        }
    }

    [Theory, MemberData(nameof(TestBlobs.Names), MemberType = typeof(TestBlobs))]
    public async Task A_put_that_fails_leaves_neither_object_nor_scraps(string on)
    {
        var store = await TestBlobs.Open(on, _folder.Path);
        await store.Put("x", Bytes("before"), Ct);
        await Assert.ThrowsAsync<IOException>(() => store.Put("x", new BrokenStream(), Ct));
        await Assert.ThrowsAsync<IOException>(() => store.Put("y", new BrokenStream(), Ct));
        Assert.Equal("before", await Read(store, "x"));
        Assert.Equal(["x"], (await store.List("", Ct)).Select(b => b.Key));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_used_is_said_with_the_remedy()
    {
        using var absent = new S3BlobStore(S3Address.Parse("s3://nobody-made-it"), _folder.Path, await TestBlobs.Endpoint());
        Assert.Contains("There is no bucket 'nobody-made-it'", (await Assert.ThrowsAsync<HoldfastException>(() => absent.Check(Ct))).Message, StringComparison.Ordinal);
        using var nobody = new S3BlobStore(S3Address.Parse("s3://bucket"), _folder.Path, "http://127.0.0.1:1");
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<HoldfastException>(() => nobody.Put("x", Bytes("1"), Ct))).Code);
    }

    [Theory]
    [InlineData("s3://ab")]
    [InlineData("s3://Bucket")]
    [InlineData("s3://")]
    [InlineData("s3://bucket/a/../b")]
    [InlineData("/folder")]
    public void An_address_that_is_none_is_refused(string text) => Assert.Throws<HoldfastException>(() => S3Address.Parse(text));

    [Fact]
    public void An_address_is_bucket_and_prefix()
    {
        Assert.Equal(new S3Address("bucket", ""), S3Address.Parse("s3://bucket/"));
        Assert.Equal("s3://bucket/a/b/blobs/", S3Address.Parse("s3://bucket/a/b").Below("blobs").ToString());
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => throw new IOException("the sender went away");
    }

    // As from a request: no length, one pass.
    private sealed class Unseekable(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();
    }
}
