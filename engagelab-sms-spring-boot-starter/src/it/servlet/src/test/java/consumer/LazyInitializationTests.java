package consumer;

import consumer.support.ActuatorTests;

import org.springframework.test.context.TestPropertySource;

@TestPropertySource(properties = "spring.main.lazy-initialization=true")
class LazyInitializationTests extends ActuatorTests {

}
