using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>One column of one file: in memory (<see cref="MemoryColumn"/>) or spilled to disk (<see cref="SpilledColumn"/>).</summary>
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

    /// <summary>Whether there are more different texts than <see cref="Texts"/> counts apart.</summary>
    bool IsOpenEnded { get; }

    /// <summary>Whole numbers, each larger than the one before: a row number, not a feature.</summary>
    bool IsCounter { get; }

    /// <summary>Whether every present number is 0 or 1.</summary>
    bool IsZeroOrOne { get; }

    /// <summary>The values in the form in which a type is compared.</summary>
    FeatureSide As(FeatureType type);
}
