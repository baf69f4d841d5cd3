using Holdfast.Contracts;
using Holdfast.Demo.Worlds;
using Holdfast.Storage.Tables;

namespace Holdfast.Examples;

/// <summary>Writes labelled rows of an example's world.</summary>
internal static class ExampleGenerator
{
    public static Table Generate(string world, int rows, int seed, double drift, AmountChange change)
    {
        switch (world)
        {
            case "credit":
                var applicants = new CreditWorld(seed);
                return ToTable([.. Enumerable.Range(0, rows).Select(_ => applicants.Next(drift))], CreditWorld.Features, CreditWorld.IdColumn, null, CreditWorld.LabelColumn);
            case "fraud":
                var payments = new FraudWorld(seed);
                return ToTable([.. Enumerable.Range(0, rows).Select(_ => payments.Next(change, drift))], FraudWorld.Features, FraudWorld.IdColumn, FraudWorld.KeyColumn, FraudWorld.LabelColumn);
            default:
                throw new HoldfastException(ErrorCode.InvalidArgument, $"There is no example world '{world}'.", "Use credit or fraud.");
        }
    }

    private static Table ToTable(Case[] cases, IReadOnlyList<string> features, string id, string? key, string label)
    {
        List<Column> columns = [new Column(id, [.. cases.Select(c => (string?)c.Id)])];
        if (key is not null)
            columns.Add(new Column(key, [.. cases.Select(c => (string?)c.Key)]));
        columns.AddRange(features.Select((name, i) => new Column(name, [.. cases.Select(c => c.Values[i])])));
        columns.Add(new Column(label, [.. cases.Select(c => c.Label ? 1.0 : 0.0)]));
        return new Table(columns);
    }
}
