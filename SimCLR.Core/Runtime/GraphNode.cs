using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// An operation of our own in libtorch's graph: a result computed without it, and a function that takes the result's gradient to the inputs'.
/// </summary>
/// <remarks>
/// TorchSharp's autograd.Function makes an empty tensor of the size of every result, and leaves saved tensors and gradients to the garbage collector, which
/// knows nothing of a GPU's memory. Here what was saved goes when the backward pass has used it, and gradients as soon as libtorch has taken them over.
/// A graph can be gone through backwards once.
/// </remarks>
internal sealed unsafe partial class GraphNode
{
    /// <summary>From the gradient of the result to those of the inputs, in their order; null where an input needs none.</summary>
    internal delegate IReadOnlyList<Tensor?> Backward(Tensor gradient);

    private static readonly ConcurrentDictionary<GraphNode, bool> Alive = new();
    private static ExceptionDispatchInfo? failure;

    /// <summary>The node whose gradients this thread has handed over last.</summary>
    [ThreadStatic]
    private static GraphNode? last;

    private readonly ApplyFunction apply;
    private readonly DeleteFunction delete;
    private readonly bool[] isThere;
    private readonly IntPtr* handles;
    private Backward? backward;
    private IReadOnlyList<Tensor>? saved;
    private IReadOnlyList<Tensor?>? given;

    private GraphNode(Tensor?[] inputs, Backward backward, IReadOnlyList<Tensor> saved)
    {
        (this.backward, this.saved) = (backward, saved);
        isThere = [.. inputs.Select(input => input is not null)];
        (apply, delete) = (Apply, Delete);
        handles = (IntPtr*)NativeMemory.AllocZeroed((nuint)inputs.Length, (nuint)sizeof(IntPtr));
        Alive[this] = true;
    }

    /// <summary>Puts the operation into the graph, if any input needs a gradient.</summary>
    /// <param name="result">What was computed, without a graph; disposed, or returned.</param>
    /// <param name="inputs">What it was computed from, where gradients may go; null: an input that is not there.</param>
    /// <param name="saved">What the backward function uses, to be disposed after it; not the inputs and the result themselves, but aliases without a graph.</param>
    /// <param name="backward">Called on a thread of libtorch's, without a graph, in a dispose scope.</param>
    /// <returns>The result, in the caller's dispose scope.</returns>
    internal static Tensor Attach(Tensor result, Tensor?[] inputs, IReadOnlyList<Tensor> saved, Backward backward)
    {
        if (!is_grad_enabled() || !inputs.Any(input => input is { requires_grad: true }))
        {
            foreach (var tensor in saved)
                tensor.Dispose();
            return result;
        }
        var node = new GraphNode(inputs, backward, [.. saved.Select(tensor => tensor.DetachFromDisposeScope())]);
        var there = inputs.OfType<Tensor>().Select(tensor => tensor.Handle).ToArray();
        var native = New(node.apply, node.delete);
        var attached = new IntPtr[1];
        fixed (
            IntPtr* edges = there,
                made = attached
        )
        {
            var array = new Handles { First = edges, Count = there.Length };
            SetEdges(native, array, true);
            Check();
            ClearMetadata(native);
            var handle = result.Handle;
            var one = new Handles { First = &handle, Count = 1 };
            var room = (IntPtr)made;
            AllocateFunction allocate = _ => room;
            Wrap(array, default, default, one, native, allocate);
            GC.KeepAlive(allocate);
        }
        ReleaseShared(native);
        ReleaseWeak(native);
        Check();
        GC.KeepAlive(inputs);
        result.Dispose();
        return Tensor.UnsafeCreateTensor(attached[0]);
    }

    /// <summary>Nodes of graphs that are still there.</summary>
    internal static int Count => Alive.Count;

    /// <summary>Throws what a backward function has thrown since the last call: libtorch's threads cannot carry it.</summary>
    internal static void ThrowIfFailed() => Interlocked.Exchange(ref failure, null)?.Throw();

    private Handles Apply(IntPtr* gradients, int count)
    {
        try
        {
            // libtorch has taken over what the node before gave.
            last?.LetGo();
            last = this;
            using var scope = NewDisposeScope();
            var function =
                Interlocked.Exchange(ref backward, null)
                ?? throw new InvalidOperationException("This graph has been gone through backwards already.");
            // Without a gradient there is nothing to take on.
            if (gradients[0] != 0)
                given =
                [
                    .. function(Tensor.UnsafeCreateTensor(gradients[0]))
                        .Select(tensor => tensor?.DetachFromDisposeScope()),
                ];
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
        }
        LetSavedGo();
        var edge = 0;
        for (var i = 0; i < isThere.Length; i++)
            if (isThere[i])
                handles[edge++] = given?[i]?.Handle ?? 0;
        return new Handles { First = handles, Count = edge };
    }

    private void Delete()
    {
        LetGo();
        LetSavedGo();
        Alive.TryRemove(this, out _);
        if (last == this)
            last = null;
        NativeMemory.Free(handles);
        GC.KeepAlive(this);
    }

    private void LetGo()
    {
        foreach (var tensor in Interlocked.Exchange(ref given, null) ?? [])
            tensor?.Dispose();
    }

    private void LetSavedGo()
    {
        foreach (var tensor in Interlocked.Exchange(ref saved, null) ?? [])
            tensor.Dispose();
    }

    private static void Check()
    {
        var text = LastError();
        if (text != 0)
            throw new ExternalException(Marshal.PtrToStringUTF8(text));
    }

    /// <summary>TensorArray of the shim.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Handles
    {
        internal IntPtr* First;
        internal long Count;
    }

    /// <summary>CSharpNodePtr of the shim: a shared and a weak pointer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Native
    {
        internal IntPtr Shared;
        internal IntPtr Weak;
    }

    private delegate Handles ApplyFunction(IntPtr* gradients, int count);

    private delegate void DeleteFunction();

    private delegate IntPtr AllocateFunction(IntPtr count);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_CSharpNode_ctor")]
    private static partial Native New(ApplyFunction apply, DeleteFunction delete);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_CSharpNode_disposeSharedPtr")]
    private static partial void ReleaseShared(Native node);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_CSharpNode_disposeWeakPtr")]
    private static partial void ReleaseWeak(Native node);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_CSharpNode_setNextEdges")]
    private static partial void SetEdges(Native node, Handles inputs, [MarshalAs(UnmanagedType.U1)] bool executable);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_CSharpNode_clearInputMetadata")]
    private static partial void ClearMetadata(Native node);

    [LibraryImport("LibTorchSharp", EntryPoint = "THSAutograd_Function_wrapOutputs")]
    private static partial void Wrap(
        Handles inputs,
        Handles notDifferentiable,
        Handles dirty,
        Handles results,
        Native node,
        AllocateFunction allocate
    );

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTorch_get_and_reset_last_err")]
    private static partial IntPtr LastError();
}
