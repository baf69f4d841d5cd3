namespace Holdfast.Access;

/// <summary>The first segments of all mapped routes, filled at start: no workspace may take one.</summary>
public sealed class ReservedNames
{
    private volatile HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Replaces the set.</summary>
    public void Set(IEnumerable<string> names) => _names = new HashSet<string>(names, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a word is taken by a route.</summary>
    public bool Contains(string name) => _names.Contains(name);
}
