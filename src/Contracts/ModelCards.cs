namespace Holdfast.Registry;

/// <summary>A remark of a person on a model version.</summary>
/// <param name="CommentId">Its id.</param>
/// <param name="Author">Who wrote it.</param>
/// <param name="Text">Markdown, at most 64 KB.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="UpdatedAt">When it was last changed.</param>
public sealed record ModelComment(string CommentId, string Author, string Text, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Body of <c>POST</c> and <c>PATCH</c> of comments.</summary>
public sealed record CommentBody(string Text);

/// <summary>The card of a model version.</summary>
/// <param name="Markdown">The whole card: what people wrote, then what is known.</param>
/// <param name="Text">What people wrote; empty at first. This part is edited.</param>
/// <param name="Author">Who edited it last; null while nobody has.</param>
/// <param name="UpdatedAt">When.</param>
public sealed record ModelCard(string Markdown, string Text, string? Author, DateTimeOffset? UpdatedAt);
