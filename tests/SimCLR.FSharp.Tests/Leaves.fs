/// Changes one number, flag, text or choice of a value at a time.
module SimCLR.Tests.Leaves

open System
open System.Collections
open System.Reflection
open Microsoft.FSharp.Reflection

let private isGeneric (definition: Type) (kind: Type) =
    kind.IsGenericType && kind.GetGenericTypeDefinition() = definition

let private toList (kind: Type) (items: obj list) =
    let cases = FSharpType.GetUnionCases kind

    List.foldBack
        (fun item rest -> FSharpValue.MakeUnion(cases[1], [| item; rest |]))
        items
        (FSharpValue.MakeUnion(cases[0], [||]))

/// Every value that differs from this one in one place; the place is named.
let rec private changes (change: float -> float) (kind: Type) (value: obj) : (string * obj) list =
    let oneOf (names: string seq) (kinds: Type seq) (values: obj seq) (build: obj[] -> obj) =
        [
            for i, (name, kind, part) in Seq.indexed (Seq.zip3 names kinds values) do
                for place, other in changes change kind part ->
                    let place = if place = "" then name else $"{name}.{place}"
                    place, build (values |> Seq.mapi (fun j part -> if i = j then other else part) |> Seq.toArray)
        ]

    if kind = typeof<float> then
        [ "", box (change (unbox<float> value)) ]
    elif kind = typeof<int> then
        [ "", box (unbox<int> value + 1) ]
    elif kind = typeof<int64> then
        [ "", box (unbox<int64> value + 1L) ]
    elif kind = typeof<bool> then
        [ "", box (not (unbox<bool> value)) ]
    elif kind = typeof<string> then
        [ "", box (string value + "x") ]
    elif kind = typeof<int option> then
        [
            "",
            box (
                match unbox<int option> value with
                | Some x -> Some(x + 1)
                | None -> Some 1
            )
        ]
    elif kind = typeof<float option> then
        [
            "",
            box (
                match unbox<float option> value with
                | Some x -> Some(change x)
                | None -> Some(change 0.5)
            )
        ]
    elif kind = typeof<Map<string, float>> then
        let numbers = unbox<Map<string, float>> value

        [
            for entry in numbers -> entry.Key, box (numbers.Add(entry.Key, change entry.Value))
        ]
    elif FSharpType.IsTuple kind then
        let kinds = FSharpType.GetTupleElements kind

        oneOf (Seq.map string [ 1 .. kinds.Length ]) kinds (FSharpValue.GetTupleFields value) (fun parts ->
            FSharpValue.MakeTuple(parts, kind))
    elif FSharpType.IsRecord kind then
        let fields = FSharpType.GetRecordFields kind

        oneOf
            (Seq.map (fun (field: PropertyInfo) -> field.Name) fields)
            (Seq.map (fun (field: PropertyInfo) -> field.PropertyType) fields)
            (FSharpValue.GetRecordFields value)
            (fun parts -> FSharpValue.MakeRecord(kind, parts))
    elif isGeneric typedefof<list<_>> kind then
        let items = [ for item in (value :?> IEnumerable) -> item ]
        let element = kind.GenericTypeArguments[0]

        ("without its first", toList kind (if items.IsEmpty then [] else items.Tail))
        :: oneOf (Seq.map string [ 1 .. items.Length ]) (Seq.map (fun _ -> element) items) items (fun parts ->
            toList kind (List.ofArray parts))
        |> List.filter (fun (_, other) -> other <> value)
    elif FSharpType.IsUnion kind then
        let case, parts = FSharpValue.GetUnionFields(value, kind)
        let fields = case.GetFields()

        [
            yield!
                oneOf
                    (Seq.map (fun (field: PropertyInfo) -> field.Name) fields)
                    (Seq.map (fun (field: PropertyInfo) -> field.PropertyType) fields)
                    parts
                    (fun parts -> FSharpValue.MakeUnion(case, parts))
            for other in FSharpType.GetUnionCases kind do
                let same =
                    other.GetFields() |> Array.map _.PropertyType = (fields |> Array.map _.PropertyType)

                if other.Tag <> case.Tag && same then
                    other.Name, FSharpValue.MakeUnion(other, parts)
        ]
    else
        failwith $"Leaves of {kind} are not known."

let private all change (value: 'T) =
    changes change typeof<'T> (box value)
    |> List.map (fun (place, other) -> place, unbox<'T> other)

/// Every value that differs from this one in one place.
let of' value = all (fun x -> x + 0.125) value

/// This value with that number in the place of each of its numbers in turn.
let ofWith (number: float) (value: 'T when 'T: not null) =
    // Two changes of the numbers tell them from all else.
    List.zip (all (fun _ -> number) value) (all (fun x -> x + 0.125) value)
    |> List.filter (fun ((_, a), (_, b)) -> not (a.Equals b))
    |> List.map fst
