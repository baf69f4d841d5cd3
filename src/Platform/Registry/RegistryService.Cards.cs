using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Registry;

public sealed partial class RegistryService
{
    private const int MaxText = 64 << 10;

    /// <summary>The remarks on a version, oldest first.</summary>
    public async Task<IReadOnlyList<ModelComment>> Comments(Principal p, string model, int version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read<IReadOnlyList<ModelComment>>(tx => CardStore.Comments(tx, p.WorkspaceId, Version(tx, p, model, version).Version.Id), ct);
    }

    /// <summary>Adds a remark. Event <c>model_version.commented</c>.</summary>
    public async Task<ModelComment> AddComment(Principal p, string model, int version, string text, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        CheckText(text, required: true);
        var comment = new ModelComment(Ids.Hex32(), p.Name, text, time.GetUtcNow(), time.GetUtcNow());
        return await db.Write(
            tx =>
            {
                CardStore.AddComment(tx, p.WorkspaceId, Version(tx, p, model, version).Version.Id, comment);
                journal.Append(tx, p, new ModelVersionCommented(model, version, comment.CommentId, p.Name), model);
                return comment;
            },
            ct: ct);
    }

    /// <summary>Changes a remark; its author and administrators may.</summary>
    public Task<ModelComment> ChangeComment(Principal p, string model, int version, string commentId, string text, CancellationToken ct = default)
    {
        CheckText(text, required: true);
        return OwnComment(
            p, model, version, commentId,
            (tx, comment) =>
            {
                CardStore.ChangeComment(tx, p.WorkspaceId, commentId, text, time.GetUtcNow());
                return comment with { Text = text, UpdatedAt = time.GetUtcNow() };
            },
            ct);
    }

    /// <summary>Deletes a remark; its author and administrators may.</summary>
    public Task DeleteComment(Principal p, string model, int version, string commentId, CancellationToken ct = default) =>
        OwnComment(
            p, model, version, commentId,
            (tx, _) =>
            {
                CardStore.DeleteComment(tx, p.WorkspaceId, commentId);
                return true;
            },
            ct);

    /// <summary>The card of a version: what people wrote, and what is known of it now.</summary>
    public async Task<ModelCard> Card(Principal p, string model, int version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var (row, written) = await db.Read(
            tx =>
            {
                var (_, found) = Version(tx, p, model, version);
                return (found, CardStore.Card(tx, p.WorkspaceId, found.Id));
            },
            ct);
        var run = row.RunId is { Length: > 0 } id ? await RunOrNull(p, id, ct) : null;
        return new ModelCard(ModelCardText.Write(row, written?.Text ?? "", run), written?.Text ?? "", written?.Author, written?.At);
    }

    /// <summary>Writes the part of the card that people write. Event <c>model_card.changed</c>.</summary>
    public async Task<ModelCard> SetCard(Principal p, string model, int version, string text, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        CheckText(text, required: false);
        await db.Write(
            tx =>
            {
                CardStore.SetCard(tx, p.WorkspaceId, Version(tx, p, model, version).Version.Id, text, p.Name, time.GetUtcNow());
                journal.Append(tx, p, new ModelCardChanged(model, version, p.Name), model);
            },
            ct: ct);
        return await Card(p, model, version, ct);
    }

    /// <summary>Versions that a run made.</summary>
    public async Task<IReadOnlyList<ModelVersion>> VersionsOfRun(Principal p, string runId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read<IReadOnlyList<ModelVersion>>(tx => VersionStore.OfRun(tx, p.WorkspaceId, runId), ct);
    }

    /// <summary>Versions that were trained on a dataset version, such as <c>credit@v3</c>.</summary>
    public async Task<IReadOnlyList<ModelVersion>> VersionsOfDataset(Principal p, string datasetVersion, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read<IReadOnlyList<ModelVersion>>(tx => VersionStore.OfDataset(tx, p.WorkspaceId, datasetVersion), ct);
    }

    private async Task<T> OwnComment<T>(Principal p, string model, int version, string commentId, Func<Tx, ModelComment, T> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(
            tx =>
            {
                var comment = CardStore.Comment(tx, p.WorkspaceId, Version(tx, p, model, version).Version.Id, commentId)
                    ?? throw new HoldfastException(ErrorCode.NotFound, $"{model}/{version} has no comment {commentId}.");
                return comment.Author == p.Name || p.Role == Role.Admin
                    ? change(tx, comment)
                    : throw new HoldfastException(ErrorCode.PermissionDenied, $"The comment is {comment.Author}'s.", "Its author and administrators may change it.");
            },
            ct: ct);
    }

    private static void CheckText(string text, bool required)
    {
        if (required && string.IsNullOrWhiteSpace(text))
            throw new HoldfastException(ErrorCode.InvalidArgument, "`text` is empty.", "Write something.");
        if (text.Length > MaxText)
            throw new HoldfastException(ErrorCode.TooLarge, $"`text` has {text.Length} characters.", $"At most {MaxText} are kept.");
    }
}
