using System.Collections.Concurrent;
using System.Diagnostics;
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
    private static readonly BatchingSpec Natural = new(32);
    private readonly InferenceSession _session;
    private readonly OnnxInputs _inputs;
    private readonly OnnxOutputs _outputs;
    private MicroBatcher? _batcher;
    private bool _freed;
    private readonly RunOptions _options = new();
    private readonly ConcurrentBag<OnnxBinding> _idle = [];

    private OnnxBackend(InferenceSession session, ModelPackage package, string path)
    {
        _session = session;
        _inputs = new OnnxInputs(_session, package.Signature, path);
        _outputs = new OnnxOutputs(_session, package, path);
        Info = new BackendInfo("onnx", package.Task, package.Signature) { Engine = "onnxruntime" };
    }

    public BackendInfo Info { get; private set; }

    internal OnnxInputs Inputs => _inputs;

    internal OnnxOutputs Outputs => _outputs;

    /// <summary>Loads the model, checks it against the signature and lets it run once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="package">What it takes and gives.</param>
    /// <param name="changed">Stands in for what the file holds.</param>
    public static OnnxBackend Load(string path, ModelPackage package, byte[]? changed = null)
    {
        ArgumentNullException.ThrowIfNull(package);
        InferenceSession? session = null;
        try
        {
            using var settings = new SessionOptions { IntraOpNumThreads = package.Runtime?.Threads ?? 1, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            session = changed is null ? new InferenceSession(path, settings) : new InferenceSession(changed, settings);
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

    /// <summary>Says why this engine runs it, and puts requests together where that gains.</summary>
    internal void Settle(string note, BatchingSpec? declared)
    {
        var gain = declared is null ? Gain() : 0;
        var batching = declared ?? (gain >= 4 ? Natural : new BatchingSpec(1));
        var told = declared is not null ? $"requests go together as declared, at most {batching.Max} rows a call"
            : gain >= 4 ? string.Create(CultureInfo.InvariantCulture, $"requests that wait go together, at most {batching.Max} rows a call (measured: {gain:0.0} times the rows in the same time)")
            : string.Create(CultureInfo.InvariantCulture, $"requests go one by one (measured: together would answer {gain:0.0} times the rows)");
        if (batching.Max > 1)
            _batcher = new MicroBatcher(this, batching);
        Info = Info with { Note = note.Length > 0 ? note + "; " + told : told, Style = _batcher is null ? CallStyle.Thread : CallStyle.Awaited };
    }

    /// <summary>How many times the rows of single calls fit into the time of calls of 32 rows, by the best of a few.</summary>
    private double Gain()
    {
        var one = Best(1);
        return 32 * one / Math.Max(Best(32), 1e-9);

        double Best(int rows)
        {
            var values = FeatureRows.For(Info.Signature, rows);
            for (var i = 0; i < values.Names.Count; i++)
                Array.Clear(values.Numbers(i));
            using var binding = new OnnxBinding(_inputs, rows);
            binding.Fill(values);
            var best = double.PositiveInfinity;
            for (var i = 0; i < 8; i++)
            {
                var began = Stopwatch.GetTimestamp();
                _session.Run(_options, _inputs.Names, binding.Values, _outputs.Names).Dispose();
                best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
            }

            return best;
        }
    }

    public async ValueTask PredictAsync(FeatureRows rows, Memory<Outcome> outcomes, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ct.ThrowIfCancellationRequested();
        if (_batcher is { } batcher && rows.Count < batcher.Max)
        {
            await batcher.Predict(rows, outcomes, ct);
            return;
        }

        var answers = new Outcome[rows.Count];
        await Task.Run(() => Predict(rows, answers), CancellationToken.None).WaitAsync(ct);
        answers.CopyTo(outcomes);
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
        // A call that hangs still uses the session: what it holds goes when it ends.
        if (_batcher?.End() is { IsCompleted: false } busy)
            _ = busy.ContinueWith(_ => Free(), TaskScheduler.Default);
        else
            Free();
    }

    private void Free()
    {
        if (_freed)
            return;
        _freed = true;
        while (_idle.TryTake(out var binding))
            binding.Dispose();
        _options.Dispose();
        _session.Dispose();
    }
}
