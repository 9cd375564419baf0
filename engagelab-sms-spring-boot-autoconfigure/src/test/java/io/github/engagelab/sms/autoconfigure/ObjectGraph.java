package io.github.engagelab.sms.autoconfigure;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicReference;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.core.env.Environment;

/**
 * Everything that can be reached from an object: through the fields of our classes, of
 * throwables and of HTTP headers, and through what the JDK's containers give out. Ends
 * where the credentials are at home.
 */
final class ObjectGraph {

	private static final String OURS = "io.github.engagelab.sms.";

	private static final String HTTP = "org.springframework.http.";

	private final List<String> secrets;

	private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

	private final Set<String> visited = new TreeSet<>();

	private final Set<String> serialized = new TreeSet<>();

	private final List<String> leaks = new ArrayList<>();

	private final Deque<Step> steps = new ArrayDeque<>();

	ObjectGraph(List<String> secrets) {
		this.secrets = secrets;
	}

	/**
	 * Look for secrets.
	 * @param name what the object is
	 * @param root the object
	 */
	void walk(String name, @Nullable Object root) {
		add(name, root);
		for (Step step = this.steps.poll(); step != null; step = this.steps.poll()) {
			visit(step.path(), step.object());
		}
		if (root instanceof Serializable && (root instanceof Throwable || root.getClass().getName().startsWith(OURS))) {
			serialize(name, root);
		}
	}

	Set<String> visited() {
		return this.visited;
	}

	Set<String> serialized() {
		return this.serialized;
	}

	List<String> leaks() {
		return this.leaks;
	}

	private void add(String path, @Nullable Object object) {
		if (object != null && !isHomeOfCredentials(object) && this.seen.add(object)) {
			this.steps.add(new Step(path, object));
		}
	}

	private static boolean isHomeOfCredentials(Object object) {
		return object instanceof EngageLabSmsProperties || object instanceof EngageLabSmsConnectionDetails
				|| object instanceof Environment || object instanceof Class || object instanceof ClassLoader;
	}

	private void visit(String path, Object object) {
		this.visited.add(object.getClass().getName());
		if (object instanceof CharSequence text) {
			check(path, text.toString());
		}
		else if (object instanceof char[] characters) {
			check(path, new String(characters));
		}
		else if (object instanceof byte[] bytes) {
			check(path, new String(bytes, StandardCharsets.ISO_8859_1));
		}
		else if (object.getClass().isArray()) {
			for (int i = 0; !object.getClass().getComponentType().isPrimitive() && i < Array.getLength(object); i++) {
				add(path + "[" + i + "]", Array.get(object, i));
			}
		}
		else if (object instanceof Throwable throwable) {
			visitThrowable(path, throwable);
		}
		else if (isOpen(object.getClass())) {
			visitFields(path, object);
		}
		else {
			visitContainer(path, object);
		}
	}

	private void visitThrowable(String path, Throwable throwable) {
		check(path + ".message", String.valueOf(throwable.getMessage()));
		check(path + ".toString", throwable.toString());
		add(path + ".cause", throwable.getCause());
		add(path + ".suppressed", throwable.getSuppressed());
		visitFields(path, throwable);
	}

	private void visitContainer(String path, Object object) {
		if (object instanceof Map<?, ?> map) {
			map.forEach((key, value) -> {
				add(path + ".key", key);
				add(path + "." + key, value);
			});
		}
		else if (object instanceof Iterable<?> elements && !(object instanceof Path)) {
			elements.forEach((element) -> add(path + "[]", element));
		}
		else if (object instanceof Optional<?> optional) {
			add(path + ".get", optional.orElse(null));
		}
		else if (object instanceof AtomicReference<?> reference) {
			add(path + ".get", reference.get());
		}
		else if (object instanceof Reference<?> reference) {
			add(path + ".get", reference.get());
		}
		else if (object instanceof ThreadPoolExecutor executor) {
			add(path + ".queue", executor.getQueue());
		}
		else if (object instanceof Future<?> future && future.isDone() && !future.isCancelled()) {
			add(path + ".result", outcome(future));
		}
	}

	private static @Nullable Object outcome(Future<?> future) {
		try {
			return future.get();
		}
		catch (Exception ex) {
			return ex;
		}
	}

	private void visitFields(String path, Object object) {
		for (Class<?> type = object.getClass(); type != null && isOpen(type); type = type.getSuperclass()) {
			for (Field field : type.getDeclaredFields()) {
				if (!field.getType().isPrimitive() && !Modifier.isStatic(field.getModifiers())
						&& field.trySetAccessible()) {
					try {
						add(path + "." + field.getName(), field.get(object));
					}
					catch (IllegalAccessException ex) {
						throw new IllegalStateException(ex);
					}
				}
			}
		}
	}

	/**
	 * Whether fields are looked at: ours, those of throwables, and those of the requests
	 * and headers that they hold. Fields of the JDK's own classes are not accessible, and
	 * they have accessors.
	 */
	private static boolean isOpen(Class<?> type) {
		return type.getName().startsWith(OURS) || type.getName().startsWith(HTTP)
				|| (Throwable.class.isAssignableFrom(type) && !type.getName().startsWith("java."));
	}

	private void serialize(String path, Object object) {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
			out.writeObject(object);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("Cannot be serialized: " + object.getClass(), ex);
		}
		this.serialized.add(object.getClass().getName());
		check(path + " serialized", bytes.toString(StandardCharsets.ISO_8859_1));
	}

	private void check(String path, String text) {
		this.secrets.stream().filter(text::contains).forEach((secret) -> this.leaks.add(path + ": " + secret));
	}

	private record Step(String path, Object object) {
	}

}
