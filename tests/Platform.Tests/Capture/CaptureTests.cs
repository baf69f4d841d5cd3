using Holdfast.Alerts;
using Holdfast.Commands.Capture;

namespace Holdfast.Platform.Tests.Capture;

/// <summary>The parts of the capture that are functions.</summary>
public sealed class CaptureTests
{
    [Theory]
    [InlineData("python train.py --api-key hush --lr 0.1", "python train.py --api-key *** --lr 0.1")]
    [InlineData("x --token=hush AWS_SECRET_ACCESS_KEY=hush a=b", "x --token=*** AWS_SECRET_ACCESS_KEY=*** a=b")]
    [InlineData("x postgres://me:hush@db/x --verbose", "x postgres://me:***@db/x --verbose")]
    [InlineData("x --password --quiet", "x --password --quiet")]
    public void Secrets_among_the_words_are_not_kept(string words, string kept) => Assert.Equal(kept, string.Join(' ', CommandWords.WithoutSecrets(words.Split(' '))));

    [Theory]
    [InlineData("x --seed 7", "7")]
    [InlineData("x --seed=8", "8")]
    [InlineData("x --random-state=-9", "-9")]
    [InlineData("x trainer.seed=10", "10")]
    [InlineData("x --data.random_seed 11", "11")]
    [InlineData("x --seed auto", null)]
    [InlineData("x --reseed=1 speed=5", null)]
    public void A_seed_among_the_words_is_found(string words, string? seed) => Assert.Equal(seed, CommandWords.Seed(words.Split(' ')));

    [Fact]
    public void A_line_is_taken_apart_into_the_same_words() => Assert.Equal("sh -c 'echo '\\''a b'\\''' ''", CommandWords.Line(["sh", "-c", "echo 'a b'", ""]));

    [Theory]
    [InlineData("a\nb\n", "a\nb\n")]
    [InlineData("10%\r20%\r30%\n", "30%\n")]
    [InlineData("a\r\nb\r\n", "a\nb\n")]
    [InlineData("x\n1\r2\r", "x\n2")]
    public void Of_what_is_written_over_the_last_is_seen(string written, string seen) => Assert.Equal(seen, ConsoleCapture.Overwritten(written));

    [Theory]
    [InlineData("https://me:hush@example.org/x.git", "https://example.org/x.git")]
    [InlineData("https://example.org:8443/x.git", "https://example.org:8443/x.git")]
    [InlineData("git@example.org:x.git", "git@example.org:x.git")]
    [InlineData(null, null)]
    public void An_address_of_code_has_no_password(string? remote, string? kept) => Assert.Equal(kept, CodeCapture.Plain(remote));

    [Theory]
    [InlineData("RANK=1 WORLD_SIZE=4 LOCAL_RANK=1 TORCHELASTIC_RUN_ID=j", "j/1/4/1")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500", "10.0.0.1:29500/0/2/")]
    [InlineData("SLURM_PROCID=3 SLURM_NTASKS=8 SLURM_LOCALID=0 SLURM_JOB_ID=77 SLURM_STEP_ID=1", "77.1/3/8/0")]
    [InlineData("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 PMIX_NAMESPACE=n", "n/0/2/")]
    [InlineData("RANK=0 WORLD_SIZE=1 TORCHELASTIC_RUN_ID=j", null)]
    [InlineData("RANK=0 WORLD_SIZE=2", null)]
    public void The_rank_is_what_the_launcher_says(string variables, string? expected)
    {
        var set = variables.Split(' ').Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        var rank = DistributedRank.Read(set.GetValueOrDefault);
        Assert.Equal(expected, rank is null ? null : $"{rank.Group}/{rank.Index}/{rank.Size}/{rank.Local}");
    }

    [Theory]
    [InlineData("ml-team, ops:failed", "finished", "ml-team")]
    [InlineData("ml-team, ops:failed", "failed", "ml-team,ops")]
    [InlineData("ops:failed,ops:failed", "killed", "ops")]
    [InlineData(null, "failed", "")]
    public void The_tag_says_who_is_told_of_which_end(string? notify, string status, string channels) => Assert.Equal(channels, string.Join(',', RunNotices.Channels(notify, status)));
}
