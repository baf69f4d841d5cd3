using System.Security.Cryptography;

namespace Holdfast.Tracking;

/// <summary>Names for runs that were given none: easy to say and to tell apart.</summary>
internal static class RunNames
{
    private static readonly string[] _adjectives =
    [
        "able", "amber", "ample", "apt", "bold", "brave", "bright", "brisk", "calm", "candid", "clear", "clever", "crisp", "curious", "deft", "eager", "fair", "fast", "fine", "firm",
        "fond", "frank", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "humble", "keen", "kind", "lively", "loyal", "lucid", "mellow", "merry", "mild", "neat",
        "nimble", "noble", "patient", "polite", "prime", "proud", "quick", "quiet", "rare", "ready", "rich", "robust", "serene", "sharp", "silent", "sincere", "sleek", "smart", "smooth", "sober",
        "solid", "spry", "stable", "steady", "stout", "sturdy", "sunny", "swift", "tidy", "true", "upbeat", "vivid", "warm", "wise", "witty", "young", "zesty",
    ];

    private static readonly string[] _nouns =
    [
        "ant", "ash", "auk", "badger", "bass", "bear", "beaver", "bee", "birch", "bison", "boar", "carp", "cedar", "cod", "colt", "conch", "coot", "crab", "crane", "crow",
        "deer", "dove", "duck", "eagle", "eel", "elk", "elm", "falcon", "fern", "finch", "fir", "fox", "frog", "goat", "goose", "grouse", "gull", "hare", "hawk", "hazel",
        "heron", "horse", "ibis", "jay", "kite", "koi", "lark", "linden", "lynx", "maple", "mink", "mole", "moose", "moth", "newt", "oak", "otter", "owl", "perch", "pine",
        "quail", "rook", "rowan", "seal", "shrike", "skua", "snipe", "stoat", "swan", "tern", "thrush", "toad", "trout", "vole", "wolf", "wren", "yew",
    ];

    public static string New() =>
        $"{_adjectives[RandomNumberGenerator.GetInt32(_adjectives.Length)]}-{_nouns[RandomNumberGenerator.GetInt32(_nouns.Length)]}-{RandomNumberGenerator.GetInt32(1000)}";
}
