using System.Globalization;
using System.Text.Json;
using Holdfast.Tracking;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Holdfast.Client.MLNet;

/// <summary>
/// Tracks ML.NET trainings.
/// <code>
/// var ml = new MLContext(seed: 7);
/// using var run = Track.StartRun("credit");
/// var model = pipeline.Fit(data, run, ml);
/// run.LogMetrics(ml.BinaryClassification.Evaluate(model.Transform(test)));
/// </code>
/// </summary>
public static class MLNetTracking
{
    /// <summary>Trains, and logs trainer, hyper-parameters, data schema, what the trainer tells of its iterations, and the model.</summary>
    /// <param name="estimator">A trainer, or a pipeline that ends in one.</param>
    /// <param name="data">The training data.</param>
    /// <param name="run">Where to.</param>
    /// <param name="ml">The context of the training.</param>
    /// <param name="modelPath">Where among the artifacts the model goes; null stores none.</param>
    /// <returns>What <c>Fit</c> gives.</returns>
    public static TModel Fit<TModel>(this IEstimator<TModel> estimator, IDataView data, TrackedRun run, MLContext ml, string? modelPath = "model/model.zip")
        where TModel : class, ITransformer
    {
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(ml);
        run.LogEstimator(estimator);
        run.LogSchema(data);
        TModel model;
        using (run.LogIterations(ml))
            model = estimator.Fit(data);
        if (modelPath is not null)
            run.LogModel(model, data.Schema, ml, modelPath);
        return model;
    }

    /// <summary>Logs the steps of a pipeline, and of its trainers the hyper-parameters.</summary>
    /// <param name="run">Where to.</param>
    /// <param name="estimator">A trainer or a pipeline.</param>
    public static void LogEstimator(this TrackedRun run, object estimator)
    {
        ArgumentNullException.ThrowIfNull(run);
        var steps = EstimatorFacts.Steps(estimator).ToList();
        run.LogParam("pipeline", string.Join(" > ", steps.Select(s => s.GetType().Name)));
        var trainers = steps.Where(EstimatorFacts.IsTrainer).ToList();
        for (var i = 0; i < trainers.Count; i++)
        {
            var prefix = trainers.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"trainer{i + 1}.");
            run.LogParam(prefix + "trainer", trainers[i].GetType().Name);
            foreach (var (name, value) in EstimatorFacts.Options(trainers[i]))
                run.LogParam(prefix + name, value);
        }
    }

    /// <summary>Logs the columns of a table as an input of the run.</summary>
    /// <param name="run">Where to.</param>
    /// <param name="data">The table; its rows are not read.</param>
    /// <param name="name">Name of the dataset.</param>
    /// <param name="context">What for.</param>
    public static void LogSchema(this TrackedRun run, IDataView data, string name = "training data", string context = "training")
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(data);
        var columns = data.Schema.Where(c => !c.IsHidden).Select(c => new { name = c.Name, type = c.Type.ToString() }).ToList();
        var schema = JsonSerializer.Serialize(new { mlnet_schema = columns });
        var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(schema)))[..32];
        run.LogInput(new RunInput(name, digest, "mlnet", "IDataView", schema, JsonSerializer.Serialize(new { num_rows = data.GetRowCount() }), context));
    }

    /// <summary>Logs each figure of an evaluation, such as <c>AreaUnderRocCurve</c>.</summary>
    /// <param name="run">Where to.</param>
    /// <param name="metrics">What an <c>Evaluate</c> gave.</param>
    /// <param name="prefix">Put before each name, such as <c>test/</c>.</param>
    public static void LogMetrics(this TrackedRun run, object metrics, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(metrics);
        run.Log(metrics.GetType().GetProperties()
            .Where(p => p.PropertyType == typeof(double) && p.GetIndexParameters().Length == 0)
            .Select(p => KeyValuePair.Create(prefix + p.Name, (double)p.GetValue(metrics)!)), 0);
    }

    /// <summary>Stores a model as ML.NET saves it.</summary>
    /// <param name="run">Where to.</param>
    /// <param name="model">The model.</param>
    /// <param name="schema">The schema of its input.</param>
    /// <param name="ml">The context.</param>
    /// <param name="path">Where among the artifacts.</param>
    public static void LogModel(this TrackedRun run, ITransformer model, DataViewSchema schema, MLContext ml, string path = "model/model.zip")
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(ml);
        var file = Path.Combine(Directory.CreateTempSubdirectory("holdfast-model-").FullName, "model.zip");
        ml.Model.Save(model, schema, file);
        run.LogArtifact(file, path);
        _ = Clean(run, Path.GetDirectoryName(file)!);
    }

    /// <summary>
    /// Until it is disposed, logs what trainers say: all of it as output, parameters that they chose themselves (<c>tuned.L2</c>,
    /// <c>best_iteration</c>), and the figures of their iterations (<c>iteration/…</c>), which few trainers tell.
    /// </summary>
    /// <param name="run">Where to.</param>
    /// <param name="ml">The context of the training.</param>
    public static IDisposable LogIterations(this TrackedRun run, MLContext ml)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(ml);
        void Listen(object? sender, LoggingEventArgs e)
        {
            if (e.Kind is not (ChannelMessageKind.Info or ChannelMessageKind.Warning or ChannelMessageKind.Error))
                return;
            run.LogOutput(e.RawMessage + "\n", stderr: e.Kind == ChannelMessageKind.Error);
            if (IterationText.Chosen(e.RawMessage) is var (parameter, chosen))
                run.LogParam(parameter, chosen);
            foreach (var (name, step, value) in IterationText.Read(e.RawMessage))
                run.Log("iteration/" + name, value, step);
        }

        ml.Log += Listen;
        return new Ending(() => ml.Log -= Listen);
    }

    // The file is sent in the background; it may go once all before it is on its way.
    private static async Task Clean(TrackedRun run, string folder)
    {
        try
        {
            await run.Flush();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
