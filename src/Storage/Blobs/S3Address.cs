using Holdfast.Contracts;

namespace Holdfast.Storage.Blobs;

/// <summary>A place in an S3-compatible store: <c>s3://BUCKET</c> or <c>s3://BUCKET/PREFIX</c>.</summary>
/// <param name="Bucket">The bucket, which must exist.</param>
/// <param name="Prefix">Empty, or a path that ends in a slash.</param>
public sealed record S3Address(string Bucket, string Prefix)
{
    private const string Scheme = "s3://";

    /// <summary>Whether something is written as such an address.</summary>
    public static bool Is(string? text) => text?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Reads one; throws <see cref="ErrorCode.InvalidArgument"/> for anything else.</summary>
    public static S3Address Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = Is(text) ? text[Scheme.Length..].Split('/', 2) : [""];
        var prefix = parts.Length < 2 ? "" : parts[1].Trim('/');
        return parts[0].Length is >= 3 and <= 63 && parts[0].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            ? new S3Address(parts[0], prefix.Length == 0 ? "" : BlobKey.Check(prefix) + "/")
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"'{text}' is not an address of S3.", "Write s3://BUCKET or s3://BUCKET/PREFIX; a bucket's name has 3 to 63 small letters, digits, '-' and '.'.");
    }

    /// <summary>The address of a folder below.</summary>
    public S3Address Below(string folder) => this with { Prefix = $"{Prefix}{folder}/" };

    /// <inheritdoc />
    public override string ToString() => $"{Scheme}{Bucket}/{Prefix}";
}
