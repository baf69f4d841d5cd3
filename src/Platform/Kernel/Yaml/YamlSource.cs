using Holdfast.Contracts;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Kernel.Yaml;

/// <summary>
/// A YAML file under reading: knows where every value stands and collects the faults, so that all of them are told at once, each
/// with line and column. Keys that nobody asked for are faults too (<see cref="YamlMap.Done"/>).
/// </summary>
public sealed class YamlSource
{
    // A file of declarations is small; the limits stop bombs of aliases before they unfold.
    private const int LargestFile = 1 << 20;
    private const int MostValues = 20_000;
    private readonly Dictionary<string, Mark> _places = new(StringComparer.Ordinal);
    private readonly List<(long Line, long Column, Fault Fault)> _faults = [];
    private int _values;

    private YamlSource(string name) => Name = name;

    /// <summary>The file's name, as faults write it.</summary>
    public string Name { get; }

    /// <summary>What was found wrong so far, in the order of the file.</summary>
    public IReadOnlyList<Fault> Faults => [.. _faults.OrderBy(f => f.Line).ThenBy(f => f.Column).Select(f => f.Fault)];

    /// <summary>Parses a text. On a syntax error the root is null and the fault says where.</summary>
    public static (YamlSource Source, YamlMap? Root) Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        var source = new YamlSource(name);
        if (text.Length > LargestFile)
        {
            source._faults.Add((1, 1, new Fault(name, $"The file has {text.Length} characters, more than {LargestFile}.", "Split it.")));
            return (source, null);
        }

        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 0)
                return (source, new YamlMap(source, "", new YamlMappingNode()));
            if (stream.Documents.Count > 1)
                source.Fault("", stream.Documents[1].RootNode.Start, "The file holds more than one document.", "Remove the line '---'.");
            return (source, new YamlValue(source, "", stream.Documents[0].RootNode).AsMap());
        }
        catch (YamlException e)
        {
            source.Fault("", e.Start, e.Message.ReplaceLineEndings(" "), "Check indentation, quotation marks and brackets; names must not repeat.");
            return (source, null);
        }
    }

    /// <summary>Adds a fault of a checked record, whose field is a path: its line and column are those of the nearest value on that path.</summary>
    public void Add(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var path = fault.Field;
        while (path.Length > 0 && !_places.ContainsKey(path))
            path = path[..Math.Max(path.LastIndexOfAny(['.', '[']), 0)];
        Fault(fault.Field, _places.GetValueOrDefault(path, new Mark(0, 1, 1)), fault.Message, fault.Hint);
    }

    /// <summary>Throws when anything was wrong.</summary>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
            throw new HoldfastException($"{Name} has {(_faults.Count == 1 ? "a fault" : $"{_faults.Count} faults")}.", Faults);
    }

    internal void Fault(string path, Mark at, string message, string? hint = null) =>
        _faults.Add((at.Line, at.Column, new Fault(path.Length == 0 ? Name : path, $"{Name}, line {Math.Max(at.Line, 1)}, column {Math.Max(at.Column, 1)}: {message}", hint)));

    internal bool Seen(string path, YamlNode node)
    {
        _places[path] = node.Start;
        if (++_values == MostValues)
            Fault(path, node.Start, $"The file holds more than {MostValues} values.", "Split it, and avoid nested aliases.");
        return _values < MostValues;
    }
}
