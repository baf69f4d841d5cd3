using YamlDotNet.RepresentationModel;

namespace Holdfast.Kernel.Yaml;

/// <summary>A map with named keys. What was asked for is what is known: <see cref="Done"/> faults every other key and names the nearest known one.</summary>
public sealed class YamlMap
{
    private readonly YamlSource _source;
    private readonly YamlMappingNode _node;
    private readonly List<string> _known = [];

    internal YamlMap(YamlSource source, string path, YamlMappingNode node)
    {
        _source = source;
        Path = path;
        _node = node;
        source.Seen(path, node);
    }

    /// <summary>Where it stands.</summary>
    public string Path { get; }

    /// <summary>The value of a key; null when it is absent.</summary>
    public YamlValue? Find(string key)
    {
        _known.Add(key);
        foreach (var (name, value) in _node.Children)
        {
            if (name is YamlScalarNode scalar && scalar.Value == key)
                return Wrap(key, value);
        }

        return null;
    }

    /// <summary>The value of a key that must be there.</summary>
    public YamlValue? Require(string key, string hint)
    {
        var value = Find(key);
        if (value is null)
            Fault($"'{key}' is missing{(Path.Length == 0 ? "" : $" in '{Path}'")}.", hint);
        return value;
    }

    /// <summary>Text of a key.</summary>
    public string? Text(string key) => Find(key)?.AsText();

    /// <summary>Number of a key.</summary>
    public double? Number(string key) => Find(key)?.AsNumber();

    /// <summary>Term of a key.</summary>
    public TimeSpan? Term(string key) => Find(key)?.AsTerm();

    /// <summary>True or false of a key.</summary>
    public bool Flag(string key) => Find(key)?.AsFlag() ?? false;

    /// <summary>Texts of a key.</summary>
    public IReadOnlyList<string> Texts(string key) => Find(key)?.AsTexts() ?? [];

    /// <summary>Map of a key; null when it is absent or not a map.</summary>
    public YamlMap? Map(string key) => Find(key)?.AsMap();

    /// <summary>Items of a key's list.</summary>
    public IReadOnlyList<YamlValue> List(string key) => Find(key)?.AsList() ?? [];

    /// <summary>The map of a key whose own keys are free names; empty when absent.</summary>
    public IReadOnlyList<(string Key, YamlValue Value)> Names(string key) => Find(key) is { IsNull: false } value ? value.AsMap()?.Entries() ?? [] : [];

    /// <summary>All entries; every key is known then.</summary>
    public IReadOnlyList<(string Key, YamlValue Value)> Entries()
    {
        var entries = new List<(string, YamlValue)>();
        foreach (var (name, value) in _node.Children)
        {
            if (name is not YamlScalarNode { Value: { Length: > 0 } key })
            {
                _source.Fault(Path, name.Start, "A key must be a text.");
                continue;
            }

            _known.Add(key);
            entries.Add((key, Wrap(key, value)));
        }

        return entries;
    }

    /// <summary>Faults the keys that nobody asked for.</summary>
    public void Done()
    {
        foreach (var name in _node.Children.Keys)
        {
            var key = (name as YamlScalarNode)?.Value ?? name.ToString();
            if (_known.Contains(key))
                continue;
            var nearest = _known.Count == 0 ? null : _known.MinBy(k => Distance(k, key));
            var near = nearest is not null && Distance(nearest, key) <= Math.Max(2, key.Length / 3);
            _source.Fault(Join(key), name.Start, $"'{key}' is unknown{(Path.Length == 0 ? "" : $" in '{Path}'")}.", near ? $"Did you mean '{nearest}'?" : $"Known here: {string.Join(", ", _known.Distinct())}.");
        }
    }

    /// <summary>Notes a fault at this place.</summary>
    public void Fault(string message, string? hint = null) => _source.Fault(Path, _node.Start, message, hint);

    private YamlValue Wrap(string key, YamlNode value)
    {
        var path = Join(key);
        _source.Seen(path, value);
        return new YamlValue(_source, path, value);
    }

    private string Join(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
