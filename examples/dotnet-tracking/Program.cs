using System.Globalization;
using Holdfast.Client;

// A small training that tracks itself:   dotnet run -- [EPOCHS] [PAUSE_MS]
// It needs no server: while none answers, all is kept on disk and `holdfast sync` sends it later.
var epochs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 50;
var pause = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
const double LearningRate = 0.1;
const int Seed = 7;

using var run = Track.StartRun("dotnet-tracking", "logistic regression");
Console.WriteLine($"run {run.Id}");
run.LogParams(new Dictionary<string, object?> { ["epochs"] = epochs, ["learning_rate"] = LearningRate, ["seed"] = Seed });
run.Note("Two classes in the plane, told apart by a **line**.");

var random = new Random(Seed);
var points = Enumerable.Range(0, 400).Select(_ => (X: (random.NextDouble() * 2) - 1, Y: (random.NextDouble() * 2) - 1)).Select(p => (p.X, p.Y, Label: p.X + (2 * p.Y) > 0.1 ? 1.0 : 0.0)).ToArray();
double a = 0, b = 0, c = 0;
for (var epoch = 0; epoch < epochs; epoch++)
{
    double loss = 0, right = 0;
    foreach (var (x, y, label) in points)
    {
        var p = 1 / (1 + Math.Exp(-((a * x) + (b * y) + c)));
        loss -= Math.Log(Math.Max(1e-12, label == 1 ? p : 1 - p));
        right += p > 0.5 == (label == 1) ? 1 : 0;
        var slope = p - label;
        (a, b, c) = (a - (LearningRate * slope * x), b - (LearningRate * slope * y), c - (LearningRate * slope));
    }

    run.Log("loss", loss / points.Length, epoch);
    run.Log("accuracy", right / points.Length, epoch);
    if (pause > 0)
        Thread.Sleep(pause);
    if (epoch % 5 == 4)
    {
        // Not needed: shown here, because from this point on nothing that was logged can be lost.
        await run.Flush();
        Console.WriteLine($"kept up to epoch {epoch}");
    }
}

var model = Path.Combine(Path.GetTempPath(), $"line-{run.Id}.txt");
await File.WriteAllTextAsync(model, string.Create(CultureInfo.InvariantCulture, $"{a:R} {b:R} {c:R}\n"));
run.LogArtifact(model, "model/line.txt");
await run.Flush();
File.Delete(model);
