using System.Collections.Concurrent;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Registry;
using Microsoft.ML.OnnxRuntime;

namespace Holdfast.Serving.Backends;

/// <summary>
/// A model in ONNX, run in this process by ONNX Runtime with one thread per call: many small requests side by side are what a
/// gateway sees. Takes either one tensor per feature or a single [N, F] float matrix in signature order.
/// </summary>
public sealed class OnnxBackend : IBackend
{
    private readonly InferenceSession _session;
    private readonly OnnxInputs _inputs;
    private readonly OnnxOutputs _outputs;
    private readonly RunOptions _options = new();
    private readonly ConcurrentBag<OnnxBinding> _idle = [];

    private OnnxBackend(InferenceSession session, ModelPackage package, string path)
    {
        _session = session;
        _inputs = new OnnxInputs(_session, package.Signature, path);
        _outputs = new OnnxOutputs(_session, package, path);
        Info = new BackendInfo("onnx", package.Task, package.Signature);
    }

    public BackendInfo Info { get; }

    /// <summary>Loads the model, checks it against the signature and lets it run once.</summary>
    public static OnnxBackend Load(string path, ModelPackage package)
    {
        ArgumentNullException.ThrowIfNull(package);
        InferenceSession? session = null;
        try
        {
            using var settings = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            session = new InferenceSession(path, settings);
            var backend = new OnnxBackend(session, package, path);
            backend.WarmUp();
            return backend;
        }
        catch (OnnxRuntimeException fault)
        {
            session?.Dispose();
            throw new HoldfastException(ErrorCode.InvalidArgument, $"ONNX Runtime cannot load {path}: {fault.Message}", "Export the model again; the file may be cut off, or use an operator that ONNX Runtime does not have.", fault);
        }
        catch (HoldfastException)
        {
            session?.Dispose();
            throw;
        }
        catch (DllNotFoundException fault)
        {
            throw new HoldfastException(ErrorCode.Unavailable, $"The native library of ONNX Runtime cannot be loaded: {fault.Message}", "Install Holdfast for this operating system and processor again.", fault);
        }
    }

    // A first run pays for lazy set-up here, not in a request, and shows a model that cannot run at all. What it answers to a
    // row of zeros does not matter.
    private void WarmUp()
    {
        var rows = FeatureRows.For(Info.Signature, 1);
        for (var i = 0; i < rows.Names.Count; i++)
            rows.Numbers(i)[0] = 0;
        var binding = new OnnxBinding(_inputs, 1);
        binding.Fill(rows);
        _session.Run(_options, _inputs.Names, binding.Values, _outputs.Names).Dispose();
        _idle.Add(binding);
    }

    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
            return;
        if (rows.Count > 1 || !_idle.TryTake(out var binding))
            binding = new OnnxBinding(_inputs, rows.Count);
        try
        {
            binding.Fill(rows);
            using var results = _session.Run(_options, _inputs.Names, binding.Values, _outputs.Names);
            _outputs.Read(results, outcomes[..rows.Count]);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new HoldfastException(ErrorCode.Internal, $"The model failed on this input: {fault.Message}", null, fault);
        }
        finally
        {
            // Bindings of one row are kept: their tensors lie over pinned arrays that the next request only overwrites.
            if (rows.Count == 1)
                _idle.Add(binding);
            else
                binding.Dispose();
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var binding))
            binding.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    internal static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
