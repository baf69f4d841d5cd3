using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>One column of one file: in memory (<see cref="MemoryColumn"/>), spilled to disk (<see cref="SpilledColumn"/>) or sketched (<see cref="ApproximateColumn"/>).</summary>
internal interface IColumnData
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>What the file holds.</summary>
    ColumnKind Kind { get; }

    /// <summary>Rows.</summary>
    long Total { get; }

    /// <summary>Rows without a value.</summary>
    long Missing { get; }

    /// <summary>Rows by text (text columns only; empty for others).</summary>
    IReadOnlyDictionary<string, long> Texts { get; }

    /// <summary>Different texts; an estimate where they were sketched.</summary>
    long Distinct => Texts.Count;

    /// <summary>Whether there are more different texts than <see cref="Texts"/> counts apart.</summary>
    bool IsOpenEnded { get; }

    /// <summary>Whole numbers, each larger than the one before: a row number, not a feature.</summary>
    bool IsCounter { get; }

    /// <summary>Whether every present number is 0 or 1.</summary>
    bool IsZeroOrOne { get; }

    /// <summary>Share of the present values that can be read as a kind, in [0, 1].</summary>
    double Share(ColumnKind kind)
    {
        if (Kind != ColumnKind.Text)
            return Kind == kind ? 1 : 0;
        long fits = 0, all = 0;
        foreach (var (text, count) in Texts)
        {
            all += count;
            fits += CellText.TryParse(kind, text, out _) ? count : 0;
        }

        return all == 0 ? 0 : (double)fits / all;
    }

    /// <summary>The values in the form in which a type is compared.</summary>
    FeatureSide As(FeatureType type);
}
