using Microsoft.ML.Calibrators;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.OnnxExport;

/// <summary>
/// Writes models that ML.NET trained as ONNX: boosted trees (FastTree, binary with Platt calibration or regression) and linear
/// models (regression, logistic). One float input of [N, F] named <c>features</c>, one output of [N, 1] named <c>score</c>: the
/// probability of the positive class, or the value. What cannot be written faithfully is refused by name.
/// </summary>
public static class OnnxExporter
{
    /// <summary>Name of the input.</summary>
    public const string InputName = "features";

    /// <summary>Name of the output.</summary>
    public const string OutputName = "score";

    /// <summary>Exports the model of a prediction transformer (its <c>Model</c> property).</summary>
    /// <param name="model">The trained parameters.</param>
    /// <param name="columns">How many feature columns it was trained on.</param>
    /// <param name="scaling">What was done to the columns before training; null = nothing.</param>
    public static byte[] Export(object model, int columns, ColumnScaling? scaling = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        var graph = new OnnxGraph(InputName, columns);
        var features = scaling is null ? graph.Input : scaling.Write(graph, columns);
        switch (model)
        {
            case CalibratedModelParametersBase<FastTreeBinaryModelParameters, PlattCalibrator> trees:
                Probability(graph, Trees(graph, features, trees.SubModel.TrainedTreeEnsemble, null), trees.Calibrator);
                break;
            case FastTreeRegressionModelParameters trees:
                Trees(graph, features, trees.TrainedTreeEnsemble, OutputName);
                break;
            case CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator> linear:
                Probability(graph, Linear(graph, features, linear.SubModel, columns, null), linear.Calibrator);
                break;
            case LinearRegressionModelParameters linear:
                Linear(graph, features, linear, columns, OutputName);
                break;
            default:
                throw new NotSupportedException($"{Name(model.GetType())} cannot be exported to ONNX. Supported are FastTree (binary with Platt calibration, regression), linear regression and calibrated logistic regression.");
        }

        graph.Output(OutputName);
        return graph.ToBytes();
    }

    private static string Trees(OnnxGraph graph, string features, RegressionTreeEnsemble ensemble, string? output) =>
        graph.Add("TreeEnsembleRegressor", [features], output, "ai.onnx.ml", new TreeNodes(ensemble.Trees, ensemble.TreeWeights).Attributes(ensemble.Bias));

    private static string Linear(OnnxGraph graph, string features, LinearModelParameters model, int columns, string? output)
    {
        if (model.Weights.Count != columns)
            throw new ArgumentException($"The model has {model.Weights.Count} weights, not {columns}.", nameof(columns));
        var product = graph.Add("MatMul", [features, graph.Constant([.. model.Weights], columns, 1)]);
        return graph.Add("Add", [product, graph.Constant([model.Bias], 1)], output);
    }

    // Platt: p = 1 / (1 + exp(slope * score + offset)).
    private static void Probability(OnnxGraph graph, string raw, PlattCalibrator calibrator)
    {
        var scaled = graph.Add("Mul", [raw, graph.Constant([(float)-calibrator.Slope], 1)]);
        var moved = graph.Add("Add", [scaled, graph.Constant([(float)-calibrator.Offset], 1)]);
        graph.Add("Sigmoid", [moved], OutputName);
    }

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
