using Holdfast.Registry;
using Holdfast.Serving.Backends;

namespace Holdfast.Examples.Electricity;

/// <summary>One row of the comparison.</summary>
/// <param name="Name">What predicts.</param>
/// <param name="Accuracy">Share of right answers on all rows after the history.</param>
/// <param name="Retrainings">How often a new model took over after the first.</param>
internal sealed record Contender(string Name, double Accuracy, int Retrainings);

/// <summary>What the closed loop has to be compared with, on the same rows, with the same trainer and the same late labels.</summary>
internal sealed class Baselines(ElectricityStream stream, string folder)
{
    private const int Step = 1440;
    private const int Window = 4320;

    /// <summary>The trainer's settings, as in <c>examples/electricity/params.yaml</c>.</summary>
    public static TreeTraining Training { get; } = new(200, 8, 0.05, 20, 7, 1);

    private static readonly Signature Signature = new([.. ElectricityStream.Features.Select(f => new SignatureField(f, "FP64"))], [new SignatureField("score", "FP64")]);

    /// <summary>A model of the history, never trained again.</summary>
    public Contender Static()
    {
        var model = Train("static", 0, stream.Start);
        return new Contender("static model", Share(Right(model, stream.Start, stream.Rows)), 0);
    }

    /// <summary>Trained again every 1,440 half-hours (30 days) on the newest 4,320 labelled ones.</summary>
    public Contender Scheduled()
    {
        var right = 0;
        var retrainings = 0;
        for (var row = stream.Start; row < stream.Rows; row += Step)
        {
            // The first model is the one of the history, as everywhere.
            var known = row - ElectricityStream.LabelDelay;
            var model = row == stream.Start ? Train("scheduled", 0, stream.Start) : Train("scheduled", Math.Max(0, known - Window), known);
            retrainings += row == stream.Start ? 0 : 1;
            right += Right(model, row, Math.Min(stream.Rows, row + Step));
        }

        return new Contender("retrained every 1,440 steps", Share(right), retrainings);
    }

    /// <summary>Repeats the newest label that is known.</summary>
    public Contender Newest()
    {
        var labels = stream.Data.Labels;
        var right = Enumerable.Range(stream.Start, stream.Rows - stream.Start).Count(row => labels[row] == labels[row - ElectricityStream.LabelDelay]);
        return new Contender("newest known label", Share(right), 0);
    }

    private double Share(int right) => (double)right / (stream.Rows - stream.Start);

    private string Train(string name, int from, int until)
    {
        var model = Path.Combine(folder, name);
        Training.Run([(stream.Data, Range(from, until), false)], Signature, model);
        return model;
    }

    private int Right(string model, int from, int until)
    {
        using var backend = Backends.Load(model);
        var outcomes = new Outcome[until - from];
        backend.Predict(stream.Data.ToRows(Range(from, until)), outcomes);
        return Range(from, until).Count(row => outcomes[row - from].Prediction == (stream.Data.Labels[row] ? "1" : "0"));
    }

    private static int[] Range(int from, int until) => [.. Enumerable.Range(from, until - from)];
}
