using Holdfast.Serving.Backends;

namespace Holdfast.Examples;

/// <summary>How well a binary model answers labelled rows.</summary>
/// <param name="Accuracy">Share of right predictions at the model's threshold.</param>
/// <param name="Auc">Chance that a positive row scores higher than a negative one (ties count half); 0.5 when one class is absent.</param>
/// <param name="LogLoss">Mean of -ln p(truth), p kept within [1e-7, 1 - 1e-7].</param>
/// <param name="Rows">How many rows.</param>
internal sealed record ModelFigures(double Accuracy, double Auc, double LogLoss, int Rows)
{
    public static ModelFigures Of(IBackend model, ExampleData data, int[] rows)
    {
        var outcomes = new Outcome[rows.Length];
        model.Predict(data.ToRows(rows), outcomes);
        var right = 0;
        var loss = 0.0;
        for (var i = 0; i < rows.Length; i++)
        {
            var truth = data.Labels[rows[i]];
            if (outcomes[i].Prediction == (truth ? "1" : "0"))
                right++;
            var p = Math.Clamp(outcomes[i].Score, 1e-7, 1 - 1e-7);
            loss -= Math.Log(truth ? p : 1 - p);
        }

        return rows.Length == 0
            ? new ModelFigures(0, 0.5, 0, 0)
            : new ModelFigures((double)right / rows.Length, AreaUnderCurve(outcomes, rows, data.Labels), loss / rows.Length, rows.Length);
    }

    /// <summary>As flat keys of a metrics file.</summary>
    public void AddTo(SortedDictionary<string, double> metrics, string prefix)
    {
        metrics[prefix + "accuracy"] = Math.Round(Accuracy, 6);
        metrics[prefix + "auc"] = Math.Round(Auc, 6);
        metrics[prefix + "logloss"] = Math.Round(LogLoss, 6);
    }

    // By ranks: (sum of the positives' ranks - np (np + 1) / 2) / (np * nn), equal scores share their mean rank.
    private static double AreaUnderCurve(Outcome[] outcomes, int[] rows, bool[] labels)
    {
        var order = Enumerable.Range(0, rows.Length).OrderBy(i => outcomes[i].Score).ToArray();
        double ranks = 0, positives = 0;
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            var inTie = 0;
            while (end < order.Length && outcomes[order[end]].Score.Equals(outcomes[order[start]].Score))
                inTie += labels[rows[order[end++]]] ? 1 : 0;
            ranks += inTie * ((start + 1 + end) / 2.0);
            positives += inTie;
            start = end;
        }

        var negatives = order.Length - positives;
        return positives == 0 || negatives == 0 ? 0.5 : (ranks - (positives * (positives + 1) / 2)) / (positives * negatives);
    }
}
