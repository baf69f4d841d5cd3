using Holdfast.Contracts;
using Holdfast.Storage;

namespace Holdfast.Platform.Tests.Storage;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_process_owns_a_folder_and_says_where_it_listens()
    {
        using (var owner = DataFolder.Open(_folder.Path))
        {
            await owner.Announce("http://127.0.0.1:5080", DateTimeOffset.UnixEpoch);
            Assert.Equal("http://127.0.0.1:5080", DataFolder.RunningServer(_folder.Path)!.Url);
            var second = Assert.Throws<HoldfastException>(() => DataFolder.Open(_folder.Path));
            Assert.Contains("in use by process", second.Message, StringComparison.Ordinal);
            Assert.Equal(owner.Token, DataFolder.ReadToken(_folder.Path));
            Assert.True(owner.Token.Length >= 40);
        }

        Assert.Null(DataFolder.RunningServer(_folder.Path));
        using var next = DataFolder.Open(_folder.Path);
    }

    [Fact]
    public async Task A_leftover_server_json_without_a_lock_is_not_a_server()
    {
        await File.WriteAllTextAsync(_folder.File("server.json"), """{"pid":1,"started_at":"2026-01-01T00:00:00Z","url":"http://127.0.0.1:1"}""", TestContext.Current.CancellationToken);
        Assert.Null(DataFolder.RunningServer(_folder.Path));
        using var next = DataFolder.Open(_folder.Path);
        Assert.Null(DataFolder.RunningServer(_folder.Path));
    }

    [Fact]
    public void The_token_is_readable_by_its_owner_alone()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = DataFolder.Open(_folder.Path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("token")));
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_named()
    {
        File.WriteAllText(_folder.File("taken"), "");
        var e = Assert.Throws<HoldfastException>(() => DataFolder.Open(_folder.File("taken")));
        Assert.Contains("taken", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
    }
}
