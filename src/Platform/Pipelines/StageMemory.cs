using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Pipelines;

/// <summary>
/// What a folder knows of its own stages, in <c>.holdfast/stages.json</c>: enough to see that nothing changed without asking a
/// server. It is a note, not the truth: without it everything is merely asked again.
/// </summary>
public sealed class StageMemory
{
    private readonly string _file;
    private readonly Notes _notes;

    private StageMemory(string file, Notes notes)
    {
        _file = file;
        _notes = notes;
    }

    /// <summary>Opens the notes of a project folder.</summary>
    public static StageMemory Open(string project)
    {
        var file = Path.Combine(project, ".holdfast", "stages.json");
        Notes? notes = null;
        try
        {
            if (File.Exists(file))
                notes = JsonSerializer.Deserialize<Notes>(File.ReadAllText(file), HoldfastJson.Options);
        }
        catch (JsonException)
        {
            // Begun anew: see above.
        }

        return new StageMemory(file, notes ?? new Notes([], []));
    }

    /// <summary>How the pipeline's last run in this folder ended; null when there was none.</summary>
    public PipelineRunStatus? LastStatus(string pipeline) => _notes.Pipelines.TryGetValue(pipeline, out var status) ? status : null;

    /// <summary>Why a stage must run; null when nothing changed.</summary>
    public async Task<string?> WhyChanged(string project, string pipeline, Stage stage, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(stage);
        if (stage.AlwaysChanged)
            return "always runs";
        if (!_notes.Stages.TryGetValue($"{pipeline}/{stage.Name}", out var note))
            return "has not run here";
        try
        {
            if ((await StageInputs.Of(project, stage, note.Inputs, ct)).Key != note.Key)
                return "command, dependencies or parameters changed";
        }
        catch (HoldfastException e)
        {
            return e.Message;
        }

        foreach (var (path, hash) in note.Outs)
        {
            if ((await StoredContent.Look(project, path, ct))?.Hash != hash)
                return $"'{path}' was changed or removed";
        }

        return null;
    }

    internal void Keep(string pipeline, Stage stage, string key, IReadOnlyDictionary<string, string> inputs, IReadOnlyList<StoredOut> outs)
    {
        _notes.Stages[$"{pipeline}/{stage.Name}"] = new StageNote(key, new Dictionary<string, string>(inputs), outs.ToDictionary(o => o.Path, o => o.Hash));
        Save();
    }

    internal void KeepStatus(string pipeline, PipelineRunStatus status)
    {
        _notes.Pipelines[pipeline] = status;
        Save();
    }

    private void Save()
    {
        var folder = Path.GetDirectoryName(_file)!;
        Directory.CreateDirectory(folder);
        var ignore = Path.Combine(folder, ".gitignore");
        if (!File.Exists(ignore))
            File.WriteAllText(ignore, "*\n");
        File.WriteAllText(_file + ".new", JsonSerializer.Serialize(_notes, HoldfastJson.Indented));
        File.Move(_file + ".new", _file, overwrite: true);
    }

    private sealed record Notes(Dictionary<string, StageNote> Stages, Dictionary<string, PipelineRunStatus> Pipelines);

    private sealed record StageNote(string Key, Dictionary<string, string> Inputs, Dictionary<string, string> Outs);
}
