namespace Holdfast.Tracking;

/// <summary>Pieces of a series, in order, put into buckets of equal length.</summary>
internal sealed class ChartFold(int buckets, bool byTime)
{
    private readonly List<PointBlock> _pieces = [];

    public void Add(PointBlock piece) => _pieces.Add(piece);

    public MetricChart Chart(string runId, string key)
    {
        var folded = _pieces.Count <= buckets ? _pieces : Fold();
        return new MetricChart(
            runId, key, _pieces.Sum(b => b.Points), folded.ConvertAll(b => b.Last.Step), folded.ConvertAll(b => b.LastAt), folded.ConvertAll(b => b.LastValue), folded.ConvertAll(b => b.Min ?? double.NaN),
            folded.ConvertAll(b => b.Max ?? double.NaN), folded.ConvertAll(b => b.Numbers == 0 ? double.NaN : b.Sum / b.Numbers), folded.ConvertAll(b => b.Points));
    }

    private List<PointBlock> Fold()
    {
        var places = _pieces.ConvertAll(Place);
        var (low, high) = (places.Min(), places.Max());
        // All at one place: the order alone is left to go by.
        if (high <= low)
            (places, low, high) = ([.. Enumerable.Range(0, _pieces.Count).Select(i => (double)i)], 0, _pieces.Count - 1);
        var folded = new PointBlock?[buckets];
        for (var i = 0; i < _pieces.Count; i++)
        {
            var bucket = Math.Min(buckets - 1, (int)((places[i] - low) / (high - low) * buckets));
            folded[bucket] = folded[bucket] is { } before ? before.With(_pieces[i]) : _pieces[i];
        }

        return [.. folded.OfType<PointBlock>()];
    }

    private double Place(PointBlock b) => byTime ? b.MinAt + ((b.MaxAt - b.MinAt) / 2.0) : (Number(b.First) + Number(b.Last)) / 2;

    private static double Number(StepKey step) => step.Whole + (step.Part / 1e6);
}
